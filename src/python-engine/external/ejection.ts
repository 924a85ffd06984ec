export interface EjectionLimits {
  /** Failures in a row, of health or of requests. */
  failures: number;
  /** The first ejection; each that follows lasts twice as long. */
  backoffMs: number;
  maxBackoffMs: number;
  /** After so long without a failure, the next ejection is a first one again. */
  steadyMs: number;
}

export type Sign = 'health' | 'request';

/** When an external engine gets no more requests, and for how long. It knows no clock and no HTTP. */
export class Ejection {
  private readonly failures: Record<Sign, number> = { health: 0, request: 0 };
  private inARow = 0;
  private until: number | null = null;
  private returnedAt: number | null = null;

  constructor(private readonly limits: EjectionLimits) {}

  get ejected(): boolean {
    return this.until !== null;
  }

  /** Whether its health may be looked at: not before an ejection is over. */
  mayLook(now: number): boolean {
    return this.until === null || now >= this.until;
  }

  /** True where it has to go, or to stay out. */
  failed(sign: Sign, now: number): boolean {
    this.failures[sign]++;
    // One look at its end is enough to prolong an ejection; requests that were still running then say nothing new.
    const enough = this.ejected ? sign === 'health' : this.failures[sign] >= this.limits.failures;
    if (enough) this.eject(now);
    return enough;
  }

  /** A healthy look ends an ejection; a request that went well also ends the doubts of requests. */
  passed(sign: Sign, now: number): void {
    this.failures[sign] = 0;
    if (sign === 'request') this.inARow = 0;
    if (!this.ejected || sign === 'request') return;
    this.until = null;
    this.returnedAt = now;
    this.failures.request = 0;
  }

  private eject(now: number): void {
    const steady = !this.ejected && this.returnedAt !== null && now - this.returnedAt >= this.limits.steadyMs;
    if (steady) this.inARow = 0;
    this.until = now + Math.min(this.limits.backoffMs * 2 ** this.inARow, this.limits.maxBackoffMs);
    this.inARow++;
    this.failures.health = 0;
    this.failures.request = 0;
  }
}
