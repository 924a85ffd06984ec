/**
 * The life of a worker as a pure machine: which state follows which. It knows no process, no clock and no HTTP.
 *
 *   starting -> loading -> warming -> ready -> draining -> stopped
 *   any of them -> crashed -> backoff -> starting, or failed
 *   any living one -> hung | killed -> crashed
 *
 * An external engine is connecting -> ready, and from each of them ejected -> ready.
 */
export type WorkerState =
  | 'starting'
  | 'loading'
  | 'warming'
  | 'ready'
  | 'draining'
  | 'stopped'
  | 'crashed'
  | 'backoff'
  | 'hung'
  | 'killed'
  | 'failed'
  | 'connecting'
  | 'ejected';

const FOLLOWING: Readonly<Record<WorkerState, readonly WorkerState[]>> = {
  // Health may report the phases of a start-up in any order that it lives through, also again after ready.
  starting: ['loading', 'warming', 'ready', 'draining', 'crashed', 'killed', 'stopped', 'failed'],
  loading: ['starting', 'warming', 'ready', 'draining', 'crashed', 'killed', 'stopped'],
  warming: ['starting', 'loading', 'ready', 'draining', 'crashed', 'killed', 'stopped'],
  ready: ['loading', 'warming', 'draining', 'crashed', 'hung', 'killed', 'stopped', 'ejected'],
  draining: ['crashed', 'killed', 'stopped'],
  hung: ['killed', 'crashed', 'stopped'],
  killed: ['crashed', 'stopped'],
  crashed: ['starting', 'backoff', 'failed', 'stopped'],
  backoff: ['starting', 'stopped'],
  failed: ['stopped'],
  stopped: [],
  connecting: ['ready', 'ejected', 'stopped'],
  ejected: ['ready', 'stopped'],
};

export const WORKER_STATES = Object.keys(FOLLOWING) as readonly WorkerState[];

/** States that the engine itself can report in its health. */
export type ReportedState = 'starting' | 'loading' | 'warming' | 'ready' | 'draining' | 'failed';

/** States with a child that can still become, or is, of use. */
export function isAlive(state: WorkerState): boolean {
  return state === 'starting' || state === 'loading' || state === 'warming' || state === 'ready';
}

export function canFollow(from: WorkerState, to: WorkerState): boolean {
  return from === to || FOLLOWING[from].includes(to);
}

/** The state after `to` was asked for: a late report never moves a worker where it can't go. */
export function nextState(from: WorkerState, to: WorkerState): WorkerState {
  return canFollow(from, to) ? to : from;
}
