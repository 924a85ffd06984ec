import { lastValueFrom, tap } from 'rxjs';
import type { Settings } from '../config/settings.js';
import { ModelManager } from '../model-manager/model-manager.service.js';
import { ProgressBar } from '../model-manager/progress-bar.js';
import { ProgressLog } from '../model-manager/progress-log.js';

const EXIT_CODES = { SIGINT: 130, SIGTERM: 143 } as const;

/** Gets the model as the server would, prints its folder alone on standard output, and the progress elsewhere. */
export async function pull(settings: Settings): Promise<number> {
  const manager = new ModelManager(settings);
  let left: number | null = null;
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => {
      left = EXIT_CODES[signal];
      void manager.stop();
    });
  }
  const show = process.stderr.isTTY ? new ProgressBar(process.stderr) : new ProgressLog(lines);
  const end = await lastValueFrom(manager.resolve().pipe(tap((progress) => show.take(progress))), {
    defaultValue: null,
  });
  if (left !== null) {
    process.stderr.write('Stopped; what has come is kept, and the next pull goes on from there.\n');
    return left;
  }
  if (end?.state === 'ready') {
    process.stdout.write(`${end.directory}\n`);
    return 0;
  }
  process.stderr.write(`${end?.reason ?? 'failed'}\n`);
  return 1;
}

const write = (line: unknown): void =>
  void process.stderr.write(`${typeof line === 'string' ? line : (line as { message: string }).message}\n`);
const lines = { log: write, warn: write };
