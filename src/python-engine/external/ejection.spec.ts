import { describe, expect, it } from '@jest/globals';
import { Ejection } from './ejection.js';

const LIMITS = { failures: 3, backoffMs: 1000, maxBackoffMs: 30_000, steadyMs: 60_000 };

describe('an ejection', () => {
  it('comes with the third failure in a row, of health or of requests', () => {
    for (const sign of ['health', 'request'] as const) {
      const ejection = new Ejection(LIMITS);
      expect([ejection.failed(sign, 0), ejection.failed(sign, 1)]).toEqual([false, false]);
      ejection.passed(sign, 2);
      expect([3, 4, 5].map((now) => ejection.failed(sign, now))).toEqual([false, false, true]);
      expect(ejection.ejected).toBe(true);
    }
  });

  it('of requests is not held up by health that is well', () => {
    const ejection = new Ejection(LIMITS);
    expect(ejection.failed('request', 0)).toBe(false);
    ejection.passed('health', 1);
    expect(ejection.failed('request', 2)).toBe(false);
    ejection.passed('health', 3);
    expect(ejection.failed('request', 4)).toBe(true);
  });

  it('lasts 1 s, then twice as long each time, 30 s at the most', () => {
    const ejection = new Ejection(LIMITS);
    let now = 0;
    for (let at = 0; at < 3; at++) ejection.failed('health', now);
    const lasted: number[] = [];
    for (let at = 0; at < 7; at++) {
      const since = now;
      while (!ejection.mayLook(now)) now += 1000;
      lasted.push(now - since);
      expect(ejection.failed('health', now)).toBe(true);
    }
    expect(lasted).toEqual([1000, 2000, 4000, 8000, 16_000, 30_000, 30_000]);
  });

  it('ends with a healthy look; the next is longer until a request went well, or a minute after', () => {
    const ejection = new Ejection(LIMITS);
    const fail = (now: number): void => void [1, 2, 3].map(() => ejection.failed('request', now));
    const until = (from: number): number => {
      let now = from;
      while (!ejection.mayLook(now)) now += 500;
      return now - from;
    };
    fail(0);
    ejection.passed('health', 1000);
    expect(ejection.ejected).toBe(false);
    fail(1000);
    expect(until(1000)).toBe(2000);
    ejection.passed('health', 3000);
    ejection.passed('request', 3001);
    fail(4000);
    expect(until(4000)).toBe(1000);
    ejection.passed('health', 5000);
    fail(5000);
    ejection.passed('health', 7000);
    fail(67_000);
    expect(until(67_000)).toBe(1000);
  });

  it('is not prolonged by requests that were still running', () => {
    const ejection = new Ejection(LIMITS);
    for (let at = 0; at < 3; at++) ejection.failed('request', 0);
    for (let at = 0; at < 9; at++) expect(ejection.failed('request', 900)).toBe(false);
    expect(ejection.mayLook(1000)).toBe(true);
  });
});
