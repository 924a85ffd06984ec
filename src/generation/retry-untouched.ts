import {
  filter,
  first,
  map,
  merge,
  type MonoTypeOperatorFunction,
  type Observable,
  retry,
  switchMap,
  throwError,
  timeout,
  timer,
} from 'rxjs';
import { OpenAIError } from '../openai/openai-error.js';
import type { PoolStatus } from '../python-engine/pool-status.js';

/** Connections can tell of a death before the child's exit is known; so long a worker of the same life is not believed. */
const DOUBT_MS = 1000;

/** Faults of a worker, not of the request; a time limit is not among them. */
const WORKER_FAULTS: readonly (string | null)[] = [
  'engine_unavailable',
  'model_loading',
  'shutting_down',
  'internal_error',
];

/**
 * Sends a generation again, once, when its worker went away before the first token: the seed is drawn, so the client can't
 * tell. It waits for a ready worker for `limitMs`; then, or when none will come, the first failure stands.
 */
export function retryUntouched<T>(
  pool: { status: PoolStatus; status$: Observable<PoolStatus> },
  untouched: () => boolean,
  limitMs: number,
): MonoTypeOperatorFunction<T> {
  return retry({
    count: 1,
    delay: (failure: unknown) => {
      const mendable = failure instanceof OpenAIError && WORKER_FAULTS.includes(failure.code);
      if (!mendable || !untouched()) return throwError(() => failure);
      return readyAgain(pool.status$, pidsOf(pool.status)).pipe(
        map(({ allFailed }) => {
          if (allFailed) throw failure;
        }),
        timeout({ first: limitMs, with: () => throwError(() => failure) }),
      );
    },
  });
}

/** The first status with a ready worker that was not alive at the failure, or after a while with any ready one. */
function readyAgain(status$: Observable<PoolStatus>, doubtful: ReadonlySet<number | null>): Observable<PoolStatus> {
  const newLife = status$.pipe(
    filter(
      ({ allFailed, workers }) => allFailed || workers.some((worker) => isReady(worker) && !doubtful.has(worker.pid)),
    ),
  );
  const anyLife = timer(DOUBT_MS).pipe(
    switchMap(() => status$),
    filter(({ ready }) => ready),
  );
  return merge(newLife, anyLife).pipe(first());
}

const isReady = ({ state }: PoolStatus['workers'][number]): boolean => state === 'ready';

const pidsOf = ({ workers }: PoolStatus): ReadonlySet<number | null> => new Set(workers.map(({ pid }) => pid));
