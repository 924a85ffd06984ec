import { describe, expect, it } from '@jest/globals';
import { canFollow, isAlive, nextState, type WorkerState } from './worker-state.js';

const STATES: WorkerState[] = [
  'starting',
  'loading',
  'warming',
  'ready',
  'draining',
  'stopped',
  'crashed',
  'backoff',
  'hung',
  'killed',
  'failed',
];

const walk = (...path: WorkerState[]): boolean =>
  path.every((state, at) => at === 0 || canFollow(path[at - 1]!, state));

describe('worker states', () => {
  it('lead from starting to stopped through loading, warming, ready and draining', () => {
    expect(walk('starting', 'loading', 'warming', 'ready', 'draining', 'stopped')).toBe(true);
  });

  it('lead from every living state through crashed and backoff back to starting', () => {
    for (const state of STATES.filter(isAlive)) expect(walk(state, 'crashed', 'backoff', 'starting')).toBe(true);
    expect(walk('draining', 'crashed')).toBe(true);
  });

  it('lead from a hang through killed to crashed', () => {
    expect(walk('ready', 'hung', 'killed', 'crashed')).toBe(true);
  });

  it('let a worker stop from every state', () => {
    for (const state of STATES) expect(canFollow(state, 'stopped')).toBe(true);
  });

  it('are not moved by a late report of a worker that is draining, dead or stopped', () => {
    for (const state of ['draining', 'killed', 'crashed', 'backoff', 'failed', 'stopped'] as const) {
      expect(nextState(state, 'ready')).toBe(state);
    }
  });

  it('end with stopped', () => {
    for (const state of STATES.filter((other) => other !== 'stopped')) expect(canFollow('stopped', state)).toBe(false);
  });

  it('start again only after the last child is known to be dead', () => {
    const before = STATES.filter((state) => state !== 'starting' && canFollow(state, 'starting'));
    expect(before).toEqual(['loading', 'warming', 'crashed', 'backoff']);
  });
});
