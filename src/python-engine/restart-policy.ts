export interface RestartLimits {
  /** Early deaths (before ready, or soon after it) in a row that are borne; one more is `failed`. */
  maxEarlyDeaths: number;
  /** A death within this time of ready counts as early. */
  earlyMs: number;
  /** Being ready for this long forgets the early deaths. */
  steadyMs: number;
  backoffMs: number;
  maxBackoffMs: number;
}

export const RESTART_LIMITS: RestartLimits = {
  maxEarlyDeaths: 4,
  earlyMs: 10_000,
  steadyMs: 60_000,
  backoffMs: 500,
  maxBackoffMs: 30_000,
};

export type RestartDecision = { action: 'restart'; delayMs: number } | { action: 'fail'; earlyDeaths: number };

/**
 * Decides what follows a death. The first restart after a worker was ready is immediate; backoff and the crash-loop
 * count take early deaths only.
 */
export class RestartPolicy {
  private earlyDeaths = 0;

  constructor(private readonly limits: RestartLimits = RESTART_LIMITS) {}

  /** `readyForMs`: how long the dead child had been ready, null when it never was. */
  afterDeath(readyForMs: number | null): RestartDecision {
    const { maxEarlyDeaths, earlyMs, steadyMs, backoffMs, maxBackoffMs } = this.limits;
    if (readyForMs !== null && readyForMs >= steadyMs) this.earlyDeaths = 0;
    if (readyForMs !== null && readyForMs >= earlyMs) return { action: 'restart', delayMs: 0 };

    this.earlyDeaths += 1;
    if (this.earlyDeaths > maxEarlyDeaths) return { action: 'fail', earlyDeaths: this.earlyDeaths };
    if (readyForMs !== null && this.earlyDeaths === 1) return { action: 'restart', delayMs: 0 };
    return { action: 'restart', delayMs: Math.min(maxBackoffMs, backoffMs * 2 ** (this.earlyDeaths - 1)) };
  }
}
