import { describe, expect, it } from '@jest/globals';
import { RESTART_LIMITS, RestartPolicy } from './restart-policy.js';

const SECOND = 1000;

describe('RestartPolicy', () => {
  it('restarts at once after the first death of a worker that was ready', () => {
    expect(new RestartPolicy().afterDeath(2 * SECOND)).toEqual({ action: 'restart', delayMs: 0 });
    expect(new RestartPolicy().afterDeath(20 * SECOND)).toEqual({ action: 'restart', delayMs: 0 });
  });

  it('waits before a restart when the worker died before it was ready, twice as long each time', () => {
    const policy = new RestartPolicy();
    const delays = [1, 2, 3, 4].map(() => policy.afterDeath(null));
    expect(delays).toEqual([500, 1000, 2000, 4000].map((delayMs) => ({ action: 'restart', delayMs })));
  });

  it('waits after a second early death even when the worker had been ready', () => {
    const policy = new RestartPolicy();
    policy.afterDeath(SECOND);
    expect(policy.afterDeath(SECOND)).toEqual({ action: 'restart', delayMs: 1000 });
  });

  it('never waits longer than the limit', () => {
    const policy = new RestartPolicy({ ...RESTART_LIMITS, maxEarlyDeaths: 100 });
    for (let death = 0; death < 99; death += 1) policy.afterDeath(null);
    expect(policy.afterDeath(null)).toEqual({ action: 'restart', delayMs: 30_000 });
  });

  it('gives up after too many early deaths in a row', () => {
    const policy = new RestartPolicy();
    for (let death = 0; death < 4; death += 1) expect(policy.afterDeath(null).action).toBe('restart');
    expect(policy.afterDeath(null)).toEqual({ action: 'fail', earlyDeaths: 5 });
  });

  it('does not count a death that came later than 10 s after ready', () => {
    const policy = new RestartPolicy();
    for (let death = 0; death < 50; death += 1) {
      expect(policy.afterDeath(10 * SECOND)).toEqual({ action: 'restart', delayMs: 0 });
    }
  });

  it('keeps the count over a life of 10 to 60 s, and forgets it after 60 s of ready', () => {
    const kept = new RestartPolicy();
    const forgotten = new RestartPolicy();
    for (let death = 0; death < 4; death += 1) {
      kept.afterDeath(null);
      forgotten.afterDeath(null);
    }
    kept.afterDeath(59 * SECOND);
    forgotten.afterDeath(60 * SECOND);
    expect(kept.afterDeath(null).action).toBe('fail');
    expect(forgotten.afterDeath(null)).toEqual({ action: 'restart', delayMs: 500 });
  });
});
