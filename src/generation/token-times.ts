/** Upper bounds in seconds: a small model gives a token in a millisecond, a large one on a slow machine in a second. */
const BOUNDS: readonly number[] = [
  ...[0.00025, 0.0005, 0.001, 0.002, 0.003, 0.005, 0.0075, 0.01, 0.015, 0.02],
  ...[0.03, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3, 0.5, 1, 2, 5],
];

/** Tokens and the times between them, of all generations as they go: a few additions a token, since there are so many. */
export class TokenTimes {
  readonly bounds = BOUNDS;
  /** Times that fell into each bucket alone; the last is for what is over all bounds. */
  readonly counts = new Float64Array(BOUNDS.length + 1);
  seconds = 0;
  tokens = 0;

  /** The first tokens of a generation: no time between. */
  first(tokens: number): void {
    this.tokens += tokens;
  }

  /** `steps` tokens after one another took so long together; `tokens` counts those of all choices. */
  next(seconds: number, steps: number, tokens: number): void {
    this.tokens += tokens;
    if (steps === 0) return;
    const each = seconds / steps;
    let bucket = 0;
    while (bucket < BOUNDS.length && each > BOUNDS[bucket]!) bucket++;
    this.counts[bucket]! += steps;
    this.seconds += seconds;
  }
}
