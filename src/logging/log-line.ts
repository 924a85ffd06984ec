export type Level = 'fatal' | 'error' | 'warn' | 'info' | 'debug' | 'trace';

/** One event of the log; both processes write the same shape. */
export interface LogLine {
  level: Level;
  time: string;
  /** Which room speaks. */
  context?: string;
  message: string;
  [field: string]: unknown;
}

/** As the most severe first; a level lets itself and all before it through. */
export const LEVELS: readonly Level[] = ['fatal', 'error', 'warn', 'info', 'debug', 'trace'];
