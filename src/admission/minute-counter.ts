import { RateLimiterMemory, type RateLimiterAbstract } from 'rate-limiter-flexible';

const MINUTE_SECONDS = 60;

export interface Counted {
  /** Points of this minute, those just added included. */
  total: number;
  /** Until the count begins anew. */
  resetMs: number;
}

/** For the library: it only counts here, and the caller compares, since every key has limits of its own. */
export const COUNT_ONLY = { points: Number.MAX_SAFE_INTEGER, duration: MINUTE_SECONDS, keyPrefix: 'nanochat' };

/** Counts points by key in windows of a minute, which begin with a key's first point. */
export class MinuteCounter {
  constructor(private readonly limiter: RateLimiterAbstract = new RateLimiterMemory(COUNT_ONLY)) {}

  /** `points` is a whole number; below 0 it gives points back. Rejects where the counts can't be reached. */
  async add(key: string, points: number): Promise<Counted> {
    const { consumedPoints, msBeforeNext } = await this.limiter.penalty(key, points);
    return { total: consumedPoints, resetMs: Math.max(0, msBeforeNext) };
  }
}
