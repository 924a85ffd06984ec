import { passing } from './hub-error.js';

/** Aborts its signal when nothing has come for too long, or when the outer one does. */
export class StallWatch {
  readonly signal: AbortSignal;
  private readonly stalled = new AbortController();
  private readonly timer: NodeJS.Timeout;

  constructor(
    private readonly ms: number,
    outer: AbortSignal,
    what: string,
  ) {
    this.signal = AbortSignal.any([outer, this.stalled.signal]);
    this.timer = setTimeout(
      () => this.stalled.abort(passing(`${what}: not a byte came for ${this.ms / 1000} s, so it was cut`)),
      ms,
    );
  }

  /** Something has come. */
  touch(): void {
    this.timer.refresh();
  }

  end(): void {
    clearTimeout(this.timer);
  }
}
