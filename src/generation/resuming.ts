import {
  catchError,
  defer,
  filter,
  first,
  map,
  merge,
  type Observable,
  of,
  switchMap,
  throwError,
  timeout,
  timer,
} from 'rxjs';
import { OpenAIError } from '../openai/openai-error.js';
import type { PoolStatus } from '../python-engine/pool-status.js';
import type { GenerateEvent, GenerateRequest } from '../python-engine/worker.js';
import { GenerationProgress } from './progress.js';

/** Connections can tell of a death before the child's exit is known; so long a worker of the same life is not believed. */
const DOUBT_MS = 1000;

/** Faults of a worker, not of the request; a time limit is not among them. */
const WORKER_FAULTS: readonly (string | null)[] = [
  'engine_unavailable',
  'model_loading',
  'shutting_down',
  'internal_error',
];

interface Workers {
  status: PoolStatus;
  status$: Observable<PoolStatus>;
  generate(request: GenerateRequest): Observable<GenerateEvent>;
}

export interface ResumeLimits {
  /** How often one generation may go on elsewhere. */
  tries: number;
  /** How long it waits for a ready worker each time. */
  waitMs: number;
  /** Called each time it goes on. */
  onResume: () => void;
  /** Called with the name of each worker that takes it. */
  onWorker: (worker: string) => void;
}

/**
 * A generation that outlives its worker: when that goes away, it goes on from the next token on a ready one. Seeds are drawn
 * and tokens replayed, so that a client sees a pause and nothing else. When no worker comes, the failure stands.
 */
export function resuming(
  workers: Workers,
  request: GenerateRequest,
  { tries, waitMs, onResume, onWorker }: ResumeLimits,
): Observable<GenerateEvent> {
  return defer(() => {
    const progress = new GenerationProgress(request);
    let left = tries;
    let resumedAt = -1;
    const attempt = (): Observable<GenerateEvent> =>
      workers.generate(progress.rest()).pipe(
        map((event) => {
          if (event.type === 'admitted' && event.worker !== undefined) onWorker(event.worker);
          return progress.take(event);
        }),
        filter((event) => event !== null),
        catchError((failure: unknown) => {
          const mendable = failure instanceof OpenAIError && WORKER_FAULTS.includes(failure.code);
          if (!mendable || left === 0) return throwError(() => failure);
          if (progress.complete) return of(progress.usage());
          // Twice at the same token it may well be this request that kills its workers.
          if (progress.tokens === resumedAt) return throwError(() => failure);
          resumedAt = progress.tokens;
          left--;
          return readyAgain(workers, waitMs, failure).pipe(
            switchMap(() => {
              onResume();
              return attempt();
            }),
          );
        }),
      );
    return attempt();
  });
}

/** The first status with a ready worker that was not alive at the failure, or after a while with any ready one. */
function readyAgain({ status, status$ }: Workers, waitMs: number, failure: OpenAIError): Observable<PoolStatus> {
  const doubtful = new Set(status.workers.map(({ pid }) => pid));
  const newLife = status$.pipe(
    filter(
      ({ allFailed, workers }) =>
        allFailed || workers.some(({ state, pid }) => state === 'ready' && !doubtful.has(pid)),
    ),
  );
  const anyLife = timer(DOUBT_MS).pipe(
    switchMap(() => status$),
    filter(({ ready }) => ready),
  );
  return merge(newLife, anyLife).pipe(
    first(),
    map((found) => {
      if (found.allFailed) throw failure;
      return found;
    }),
    timeout({ first: waitMs, with: () => throwError(() => failure) }),
  );
}
