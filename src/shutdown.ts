import { type INestApplication, Logger } from '@nestjs/common';
import { Drain } from './admission/drain.js';
import { ModelManager } from './model-manager/model-manager.service.js';
import { OpenAnswers } from './openai/open-answers.js';
import { WorkerPool } from './python-engine/worker-pool.js';

/** For a client to take what is left of its answer. */
const LAST_BYTES_MS = 5_000;
const SIGNALS = { SIGINT: 2, SIGTERM: 15 } as const;

/**
 * The first signal drains and leaves with 0; a second one kills the children and leaves at once with 128 + its number.
 * Returns what drains for another cause; where that has begun it does nothing.
 */
export function shutDownOnSignals(
  app: INestApplication,
  exit: (code: number) => void = (code) => process.exit(code),
): (cause: string) => void {
  const logger = new Logger('Shutdown');
  let begun = false;
  const begin = (cause: string): void => {
    if (begun) return;
    begun = true;
    logger.log(`${cause}: finishing what runs; SIGTERM or SIGINT leaves at once`);
    void drainAndClose(app).then(
      () => exit(0),
      (failure: unknown) => {
        logger.error(failure);
        app.get(WorkerPool).kill();
        exit(1);
      },
    );
  };
  const take = (signal: keyof typeof SIGNALS): void => {
    if (begun) {
      logger.warn(`${signal} again: leaving at once`);
      app.get(WorkerPool).kill();
      exit(128 + SIGNALS[signal]);
      return;
    }
    begin(signal);
  };
  for (const signal of Object.keys(SIGNALS) as (keyof typeof SIGNALS)[]) process.on(signal, take);
  return begin;
}

/** Requests, then children, then sockets: nobody is cut off who could have been served. The next start resumes a download. */
export async function drainAndClose(app: INestApplication): Promise<void> {
  const pool = app.get(WorkerPool);
  await app.get(ModelManager).stop();
  await app.get(Drain).drain({ unnoticed: !pool.status.everReady });
  await pool.stop();
  await app.get(OpenAnswers).flushed(LAST_BYTES_MS);
  await app.close();
}
