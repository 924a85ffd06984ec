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
import { EngineFault } from '../python-engine/external/external-refusal.js';
import type { PoolStatus } from '../python-engine/pool-status.js';
import type { GenerateEvent, GenerateRequest } from '../python-engine/worker.js';
import type { Placing } from '../python-engine/worker-pool.js';
import { lifeOf, type WorkerStatus } from '../python-engine/worker-status.js';
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
  generate(request: GenerateRequest, placing?: Placing): Observable<GenerateEvent>;
  /** Those that are ready and could take it. */
  ableFor(request: GenerateRequest): readonly WorkerStatus[];
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
 * there are tokens it also stands where another model is ready, to which these tokens mean nothing, and where an external
 * engine has begun, which can not go on with them. What has no token yet begins anew on any.
 */
export function resuming(
  workers: Workers,
  request: GenerateRequest,
  { tries, waitMs, onResume, onWorker }: ResumeLimits,
): Observable<GenerateEvent> {
  return defer(() => {
    const progress = new GenerationProgress(request);
    const doubted = new Set<string>();
    let left = tries;
    let resumedAt = -1;
    const attempt = (): Observable<GenerateEvent> => {
      let worker: WorkerStatus | null = null;
      let admitted = false;
      const placing = { avoid: doubted, onChosen: (chosen: WorkerStatus) => (worker = chosen) };
      return workers.generate(progress.rest(), placing).pipe(
        map((event) => {
          if (event.type === 'admitted') {
            admitted = true;
            if (event.worker !== undefined) onWorker(event.worker);
          }
          return progress.take(event);
        }),
        filter((event) => event !== null),
        catchError((failure: unknown) => {
          if (!(failure instanceof OpenAIError)) return throwError(() => failure);
          // A worker that comes back to all that another had can be full for a while.
          const full = left < tries && failure.code === 'queue_full';
          if (!full && !WORKER_FAULTS.includes(failure.code)) return throwError(() => failure);
          if (progress.complete) return of(progress.usage());
          if (worker?.external && progress.begun) return throwError(() => unresumable(failure));
          // Twice at the same token it may well be this request that kills its workers, or that no engine can do. A worker that
          // refuses says nothing of it, nor does an external engine that can not be reached.
          const suspect = worker?.external ? failure.cause instanceof EngineFault : admitted;
          if (left === 0 || (suspect && progress.tokens === resumedAt)) return throwError(() => failure);
          if (suspect) resumedAt = progress.tokens;
          left--;
          if (worker !== null) doubted.add(lifeOf(worker));
          const able = () => workers.ableFor(request).filter(({ external }) => !(progress.begun && external !== null));
          return readyAgain(workers, { doubted, begun: progress.begun, able }, waitMs, failure).pipe(
            switchMap((status) => {
              if (progress.begun && !allServe(status, modelKeyOf(worker))) return throwError(() => failure);
              if (worker !== null) onResume();
              return attempt();
            }),
          );
        }),
      );
    };
    return attempt();
  });
}

const unresumable = ({ message, headers, cause }: OpenAIError): OpenAIError =>
  new OpenAIError({
    ...{ status: 503, code: 'engine_unavailable', headers, cause },
    message: `${message} It is an external engine, on which an answer that has begun can not be resumed: ask again.`,
  });

const modelKeyOf = (worker: WorkerStatus | null): string | null =>
  worker?.engine?.model ? JSON.stringify(worker.engine.model) : null;

/** Whether every worker that may take it has the model that began; null: it is not known which that was. */
const allServe = ({ workers }: PoolStatus, model: string | null): boolean =>
  model === null ||
  workers.every((worker) => worker.external !== null || worker.state !== 'ready' || modelKeyOf(worker) === model);

interface Awaited {
  /** Lives that have failed. */
  doubted: ReadonlySet<string>;
  /** What has begun waits for a child of ours. */
  begun: boolean;
  /** The ready workers that could go on. */
  able: () => readonly WorkerStatus[];
}

/** The first status in which a worker could go on that has not failed, or a new life of one, or after a while any. */
function readyAgain(
  { status$ }: Workers,
  { doubted, begun, able }: Awaited,
  waitMs: number,
  failure: OpenAIError,
): Observable<PoolStatus> {
  const hopeless = ({ allFailed, supervisedFailed }: PoolStatus): boolean => (begun ? supervisedFailed : allFailed);
  const believed = status$.pipe(
    filter((status) => hopeless(status) || able().some((worker) => !doubted.has(lifeOf(worker)))),
  );
  const anyLife = timer(DOUBT_MS).pipe(
    switchMap(() => status$),
    filter(() => able().length > 0),
  );
  return merge(believed, anyLife).pipe(
    first(),
    map((found) => {
      if (hopeless(found)) throw failure;
      return found;
    }),
    timeout({ first: waitMs, with: () => throwError(() => failure) }),
  );
}
