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
 * and tokens replayed, so that a client sees a pause and nothing else. When no worker comes, the failure stands; and once
 * there are tokens it also stands where another model is ready, to which these tokens mean nothing.
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
    let worker: string | null = null;
    let model: string | null = null;
    const admitted = (name: string): void => {
      worker = name;
      onWorker(name);
      model = modelOf(workers.status.workers.find((status) => status.name === name));
    };
    const attempt = (): Observable<GenerateEvent> =>
      workers.generate(progress.rest()).pipe(
        map((event) => {
          if (event.type === 'admitted' && event.worker !== undefined) admitted(event.worker);
          return progress.take(event);
        }),
        filter((event) => event !== null),
        catchError((failure: unknown) => {
          const mendable = failure instanceof OpenAIError && WORKER_FAULTS.includes(failure.code);
          if (!mendable) return throwError(() => failure);
          if (progress.complete) return of(progress.usage());
          // Twice at the same token it may well be this request that kills its workers.
          if (left === 0 || progress.tokens === resumedAt) return throwError(() => failure);
          resumedAt = progress.tokens;
          left--;
          return readyAgain(workers, worker, waitMs, failure).pipe(
            switchMap((status) => {
              if (progress.tokens > 0 && !allServe(status, model)) return throwError(() => failure);
              onResume();
              return attempt();
            }),
          );
        }),
      );
    return attempt();
  });
}

const modelOf = (worker: PoolStatus['workers'][number] | undefined): string | null =>
  worker?.engine?.model ? JSON.stringify(worker.engine.model) : null;

/** Whether every worker that may take it has the model that began; null: it is not known which that was. */
const allServe = ({ workers }: PoolStatus, model: string | null): boolean =>
  model === null || workers.every((worker) => worker.state !== 'ready' || modelOf(worker) === model);

/**
 * The first status with a ready worker other than the one that failed, or with a new life of that one, or after a while with
 * any that is ready. Where it is not known which failed, none that was alive is believed.
 */
function readyAgain(
  { status, status$ }: Workers,
  failed: string | null,
  waitMs: number,
  failure: OpenAIError,
): Observable<PoolStatus> {
  const doubtful = new Set(
    status.workers.filter(({ name }) => failed === null || name === failed).map(({ pid }) => pid),
  );
  const believed = status$.pipe(
    filter(
      ({ allFailed, workers }) =>
        allFailed ||
        (workers.some(({ state, pid }) => state === 'ready' && !doubtful.has(pid)) &&
          !workers.some(({ state, pid }) => state === 'ready' && doubtful.has(pid))),
    ),
  );
  const anyLife = timer(DOUBT_MS).pipe(
    switchMap(() => status$),
    filter(({ ready }) => ready),
  );
  return merge(believed, anyLife).pipe(
    first(),
    map((found) => {
      if (found.allFailed) throw failure;
      return found;
    }),
    timeout({ first: waitMs, with: () => throwError(() => failure) }),
  );
}
