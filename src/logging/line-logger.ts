import type { LoggerService } from '@nestjs/common';
import { type Level, LEVELS, type LogLine } from './log-line.js';

/** What Nest tells of its own assembly is for whoever looks into it. */
const CHATTY: ReadonlySet<unknown> = new Set(['NestFactory', 'InstanceLoader', 'RoutesResolver', 'RouterExplorer']);

interface LineLoggerOptions {
  level: Level;
  format: (line: LogLine) => string;
  write: (text: string) => void;
}

/**
 * Nest's logger as one structured line an event. A message may be text, an Error, or an object with `message` and fields.
 */
export class LineLogger implements LoggerService {
  private readonly rank: number;

  constructor(private readonly options: LineLoggerOptions) {
    this.rank = LEVELS.indexOf(options.level);
  }

  fatal(message: unknown, ...rest: unknown[]): void {
    this.line('fatal', message, rest);
  }

  error(message: unknown, ...rest: unknown[]): void {
    this.line('error', message, rest);
  }

  warn(message: unknown, ...rest: unknown[]): void {
    this.line('warn', message, rest);
  }

  log(message: unknown, ...rest: unknown[]): void {
    this.line(CHATTY.has(rest.at(-1)) ? 'debug' : 'info', message, rest);
  }

  debug(message: unknown, ...rest: unknown[]): void {
    this.line('debug', message, rest);
  }

  verbose(message: unknown, ...rest: unknown[]): void {
    this.line('trace', message, rest);
  }

  /** Nest gives the context last, and before it, for errors, a stack. */
  private line(level: Level, message: unknown, rest: unknown[]): void {
    if (LEVELS.indexOf(level) > this.rank) return;
    const context = rest.at(-1);
    const stack = rest.length > 1 ? rest[0] : undefined;
    const line: LogLine = {
      level,
      time: new Date().toISOString(),
      ...(typeof context === 'string' ? { context } : {}),
      ...fieldsOf(message),
      ...(typeof stack === 'string' ? { stack } : {}),
    };
    this.options.write(`${this.options.format(line)}\n`);
  }
}

function fieldsOf(message: unknown): { message: string } {
  if (message instanceof Error) return { message: message.message, ...{ stack: message.stack } };
  if (typeof message === 'object' && message !== null) {
    const { message: told = '', level: _level, time: _time, ...fields } = message as Record<string, unknown>;
    return { message: String(told), ...fields };
  }
  return { message: String(message) };
}
