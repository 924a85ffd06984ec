import { type INestApplication, Logger } from '@nestjs/common';
import { loadSettings } from './config/load-settings.js';
import { ModelManager } from './model-manager/model-manager.service.js';
import { WorkerPool } from './python-engine/worker-pool.js';
import { terminalClosed } from './terminal.js';

/**
 * SIGHUP reads settings and model anew and replaces the workers one by one, without a failed request. What the gateway itself
 * is set to, its address say, stays as it was at the start. From a terminal that closes it means the end,
 * of which the shell tells as well as the system: `end` counts once.
 */
export function reloadOnSignal(app: INestApplication, end: (cause: string) => void): void {
  const logger = new Logger('Reload');
  const reload = async (): Promise<void> => {
    logger.log('SIGHUP: replacing the workers');
    const settings = await loadSettings();
    await app.get(WorkerPool).replace(settings, new ModelManager(settings));
  };
  const take = async (): Promise<void> => {
    if (await terminalClosed()) {
      end('the terminal is closed');
      return;
    }
    await reload().then(
      () => logger.log('the workers are replaced'),
      (failure: unknown) => logger.error(`the workers are not replaced: ${String(failure)}`),
    );
  };
  process.on('SIGHUP', () => void take());
}
