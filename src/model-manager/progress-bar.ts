import type { ModelProgress } from './model-progress.js';
import { percentOf, progressWords } from './progress-words.js';

const CELLS = 30;
const CLEAR_LINE = '\u001b[K';

/** One line at a terminal that is written over: what else is printed goes before it. */
export class ProgressBar {
  private shown = false;

  constructor(private readonly terminal: Pick<NodeJS.WriteStream, 'write' | 'columns'>) {}

  take(progress: ModelProgress): void {
    if (progress.state === 'downloading') this.draw(progress);
    else this.clear();
  }

  clear(): void {
    if (this.shown) this.terminal.write(CLEAR_LINE);
    this.shown = false;
  }

  /** The cursor goes back to the start, so that a line of the log takes the bar's place. */
  private draw(progress: ModelProgress): void {
    const filled = Math.round((CELLS * (percentOf(progress) ?? 0)) / 100);
    const bar = `[${'#'.repeat(filled)}${' '.repeat(CELLS - filled)}] ${progressWords(progress)}`;
    this.terminal.write(`${bar.slice(0, (this.terminal.columns || 80) - 1)}${CLEAR_LINE}\r`);
    this.shown = true;
  }
}
