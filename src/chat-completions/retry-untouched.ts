import {
  filter,
  first,
  map,
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

/** Long enough for the death of a child to be known, where its connections told of it first. */
const SETTLE_MS = 100;

/** Faults of a worker, not of the request; a time limit is not among them. */
const WORKER_GONE: readonly (string | null)[] = ['engine_unavailable', 'model_loading', 'shutting_down'];

/**
 * Sends a generation again, once, when its worker went away before the first token: the seed is drawn, so the client can't
 * tell. It waits for a ready worker for `limitMs`; then, or when none will come, the first failure stands.
 */
export function retryUntouched<T>(
  status$: Observable<PoolStatus>,
  untouched: () => boolean,
  limitMs: number,
): MonoTypeOperatorFunction<T> {
  return retry({
    count: 1,
    delay: (failure: unknown) => {
      const gone = failure instanceof OpenAIError && failure.status === 503 && WORKER_GONE.includes(failure.code);
      if (!gone || !untouched()) return throwError(() => failure);
      return timer(SETTLE_MS).pipe(
        switchMap(() => status$),
        filter(({ ready, allFailed }) => ready || allFailed),
        first(),
        map(({ allFailed }) => {
          if (allFailed) throw failure;
        }),
        timeout({ first: limitMs, with: () => throwError(() => failure) }),
      );
    },
  });
}
