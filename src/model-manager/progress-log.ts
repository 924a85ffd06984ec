import type { Logger } from '@nestjs/common';
import type { ModelProgress } from './model-progress.js';
import { percentOf, progressWords } from './progress-words.js';

/** A line when a download starts, moves on or halts, and not more often than anybody reads. */
const EVERY_MS = 5_000;

export class ProgressLog {
  private state: ModelProgress['state'] = 'resolving';
  private note: string | null = null;
  private at = -Infinity;

  constructor(private readonly logger: Pick<Logger, 'log' | 'warn'>) {}

  take(progress: ModelProgress): void {
    const { state, note, bytesDone, bytesTotal, rate, secondsLeft } = progress;
    const before = this.state;
    const halted = note !== null && note !== this.note;
    this.state = state;
    this.note = note;
    const due = state !== before || performance.now() - this.at >= EVERY_MS;
    if (!halted && !(state === 'downloading' && due)) {
      if (before === 'downloading' && state === 'verifying') this.logger.log('downloaded and verified by checksum');
      return;
    }
    this.at = performance.now();
    const fields = { percent: percentOf(progress), bytes_done: bytesDone, bytes_total: bytesTotal };
    const line = {
      message: progressWords(progress),
      ...fields,
      rate: rounded(rate),
      seconds_left: rounded(secondsLeft),
    };
    if (halted) this.logger.warn(line);
    else this.logger.log(line);
  }
}

const rounded = (value: number | null): number | null => (value === null ? null : Math.round(value));
