import './compile-sooner.js';
import 'reflect-metadata';
import { Logger } from '@nestjs/common';
import { filter, first } from 'rxjs';
import { KeyRing } from './auth/key-ring.js';
import { loadSettings } from './config/load-settings.js';
import { SettingsError } from './config/settings-error.js';
import { createGateway } from './gateway.js';
import { createLogger } from './logging/create-logger.js';
import { ModelManager } from './model-manager/model-manager.service.js';
import { ProgressBar } from './model-manager/progress-bar.js';
import { WorkerPool } from './python-engine/worker-pool.js';
import { addressOf, readyBanner } from './ready-banner.js';
import { reloadOnSignal } from './reload.js';
import { shutDownOnSignals } from './shutdown.js';

async function main(): Promise<void> {
  const settings = await loadSettings();
  const logger = createLogger(settings);
  const app = await createGateway(settings, logger);
  const pool = app.get(WorkerPool);
  process.on('exit', () => pool.kill());
  reloadOnSignal(app, shutDownOnSignals(app));
  await app.init();
  // Fastify's own listen: Nest's would log a taken port with its stack before we say it in one line.
  await app.getHttpAdapter().getInstance().listen({ port: settings.port, host: settings.host });
  const { port } = app.getHttpServer().address() as { port: number };
  const address = addressOf(settings.host, port);
  new Logger('Gateway').log(`listening on ${address}; the model is being loaded`);
  if (process.stderr.isTTY) {
    const bar = new ProgressBar(process.stderr);
    app.get(ModelManager).progress$.subscribe((progress) => bar.take(progress));
  }
  pool.start();
  pool.status$
    .pipe(
      filter(({ ready }) => ready),
      first(),
    )
    .subscribe(({ workers }) => {
      const worker = workers.find(({ state }) => state === 'ready') ?? null;
      new Logger('Gateway').log(readyBanner(address, worker, app.get(KeyRing).required));
    });
}

main().catch((failure: unknown) => {
  process.stderr.write(`${reasonOf(failure)}\n`);
  process.exit(1);
});

/** One message, and a stack only for what nobody foresaw. */
function reasonOf(failure: unknown): string {
  if (failure instanceof SettingsError) return failure.message;
  const { code, port, address, stack } = failure as NodeJS.ErrnoException & { port?: number; address?: string };
  if (code === 'EADDRINUSE') return `Port ${port} is already in use; set PORT to another one, or 0 for any.`;
  if (code === 'EACCES') return `Port ${port} needs more rights than this process has; set PORT to one above 1023.`;
  if (code === 'EADDRNOTAVAIL' || code === 'ENOTFOUND') return `HOST=${address ?? ''} is no address of this machine.`;
  return stack ?? String(failure);
}
