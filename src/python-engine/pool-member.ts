import type { Observable } from 'rxjs';
import type { Worker } from './worker.js';
import type { WorkerStatus } from './worker-status.js';

/** A worker in the pool: a child of this gateway, or an engine that runs elsewhere. */
export interface PoolMember extends Worker {
  readonly status: WorkerStatus;
  /** The newest status and what follows; completes with `stopped`. */
  readonly status$: Observable<WorkerStatus>;
  /** Requests sent and not yet over. */
  readonly inFlight: number;
  /** Requests that it computes at once. */
  readonly capacity: number;
}
