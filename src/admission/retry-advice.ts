const LONGEST_SECONDS = 60;

/** Says when a refused client should come back, from how long requests have lately run. */
export class RetryAdvice {
  private averageSeconds = 1;

  ran(milliseconds: number): void {
    this.averageSeconds += 0.1 * (milliseconds / 1000 - this.averageSeconds);
  }

  /** Whole seconds, at least 1, until about `waiting` requests have had their turn on `capacity` slots. */
  seconds(waiting: number, capacity: number): number {
    const turns = Math.max(waiting, 1) / Math.max(capacity, 1);
    return Math.min(LONGEST_SECONDS, Math.max(1, Math.ceil(turns * this.averageSeconds)));
  }
}
