import { isAlive } from './worker-state.js';
import type { WorkerStatus } from './worker-status.js';

export interface PoolStatus {
  /** Some worker is ready, and idle or beating. */
  ready: boolean;
  everReady: boolean;
  /** No worker will come back by itself. */
  allFailed: boolean;
  /** There are children of ours, and none of them will: a restart of this server can help. */
  supervisedFailed: boolean;
  /** Why it is not ready, for people; null when it is. */
  reason: string | null;
  /** Requests that the ready workers take at once: each what it runs, and a child of ours two that wait in it. */
  capacity: number;
  workers: WorkerStatus[];
}

const WAITING_IN_WORKER = 2;

export function poolStatus(workers: WorkerStatus[], everReady: boolean): PoolStatus {
  const ready = workers.some(isReady);
  const supervised = workers.filter(({ external }) => external === null);
  return {
    ready,
    everReady: everReady || ready,
    allFailed: haveFailed(workers),
    supervisedFailed: haveFailed(supervised),
    reason: ready ? null : workers.map(reasonOf).join('; '),
    capacity: workers.filter(({ state }) => state === 'ready').reduce((sum, worker) => sum + capacityOf(worker), 0),
    workers,
  };
}

const haveFailed = (workers: WorkerStatus[]): boolean =>
  workers.length > 0 && workers.every(({ state }) => state === 'failed');

const capacityOf = ({ engine, external }: WorkerStatus): number =>
  external?.maxRunning ?? (engine?.maxRunning ?? 1) + WAITING_IN_WORKER;

const isReady = ({ state, beating }: WorkerStatus): boolean => state === 'ready' && beating;

const reasonOf = (worker: WorkerStatus): string =>
  worker.reason === null ? whereIs(worker) : `${whereIs(worker)}: ${worker.reason}`;

/** A worker's state in words, with phase and share while it comes up. */
export function whereIs({ name, state, phase, progress }: WorkerStatus): string {
  if (phase === null || !isAlive(state)) return `${name} is ${state}`;
  const share = progress === null ? '' : ` ${Math.round(progress * 100)} %`;
  return `${name} is ${state} (${phase}${share})`;
}
