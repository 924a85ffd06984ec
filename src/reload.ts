import { type INestApplication, Logger } from '@nestjs/common';
import { loadSettings } from './config/load-settings.js';
import { ModelManager } from './model-manager/model-manager.service.js';
import { WorkerPool } from './python-engine/worker-pool.js';

/**
 * SIGHUP reads settings and model anew and replaces the workers one by one, without a failed request. What the gateway itself
 * is set to, its address say, stays as it was at the start.
 */
export function reloadOnSignal(app: INestApplication): void {
  const logger = new Logger('Reload');
  const reload = async (): Promise<void> => {
    const settings = await loadSettings();
    await app.get(WorkerPool).replace(settings, new ModelManager(settings));
  };
  process.on('SIGHUP', () => {
    logger.log('SIGHUP: replacing the workers');
    reload().then(
      () => logger.log('the workers are replaced'),
      (failure: unknown) => logger.error(`the workers are not replaced: ${String(failure)}`),
    );
  });
}
