import type { EngineHealth } from './client/engine-health.js';

/** `late` is half-way to `hung`: the worker is not to be relied on, and not yet given up. */
export type Pulse = 'beating' | 'late' | 'hung';

/** A hang is at least this many of the longest warm-up step, however short HANG_SECONDS is. */
const LONGEST_STEPS = 10;
/** Polls without an answer before silence is held against the engine and not against this process. */
const SILENT_POLLS = 3;

/**
 * Tells a hung engine from a busy one: work is running and the loop's beat is old, or health is not answered at all.
 * Pure: fed with the health of a ready engine and a monotonic clock.
 */
export class HangDetector {
  private limitSeconds: number;
  private health: EngineHealth | null = null;
  private answeredAtMs: number;
  private unanswered = 0;

  constructor(
    private readonly hangSeconds: number,
    nowMs: number,
  ) {
    this.limitSeconds = hangSeconds;
    this.answeredAtMs = nowMs;
  }

  answered(health: EngineHealth, nowMs: number): void {
    // Only warm-up steps count: were later ones to, each slow step would make the next hang harder to see.
    if (this.health === null) this.limitSeconds = Math.max(this.hangSeconds, LONGEST_STEPS * health.longestStepSeconds);
    this.health = health;
    this.answeredAtMs = nowMs;
    this.unanswered = 0;
  }

  /** A poll failed or timed out. */
  silent(): void {
    this.unanswered += 1;
  }

  pulse(nowMs: number): Pulse {
    const age = Math.max(this.beatAgeSeconds(), this.silenceSeconds(nowMs));
    if (age >= this.limitSeconds) return 'hung';
    return age >= this.limitSeconds / 2 ? 'late' : 'beating';
  }

  reason(nowMs: number): string {
    const silence = this.silenceSeconds(nowMs);
    return silence > this.beatAgeSeconds()
      ? `the engine has not answered its health for ${silence.toFixed(1)} s`
      : `work is running and the engine's loop has not moved for ${this.beatAgeSeconds().toFixed(1)} s`;
  }

  private beatAgeSeconds(): number {
    return this.health?.working ? this.health.beatAgeSeconds : 0;
  }

  private silenceSeconds(nowMs: number): number {
    return this.unanswered < SILENT_POLLS ? 0 : (nowMs - this.answeredAtMs) / 1000;
  }
}
