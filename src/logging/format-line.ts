import type { Level, LogLine } from './log-line.js';

const COLOURS: Record<Level, number> = { fatal: 35, error: 31, warn: 33, info: 32, debug: 36, trace: 90 };

export const asJson = (line: LogLine): string => JSON.stringify(line);

/** For a terminal: time, level, room, message, and the other fields as name=value. */
export function asPretty({ level, time, context, message, ...fields }: LogLine): string {
  const told = Object.entries(fields).filter(
    ([name, value]) => value !== null && value !== undefined && name !== 'stack',
  );
  const details = told.map(([name, value]) => ` ${paint(90, `${name}=`)}${text(value)}`).join('');
  const room = context === undefined ? '' : `${paint(90, context)} `;
  const stack = typeof fields['stack'] === 'string' ? `\n${fields['stack']}` : '';
  return `${time.slice(11, 23)} ${paint(COLOURS[level], level.padEnd(5))} ${room}${message}${details}${stack}`;
}

const paint = (colour: number, words: string): string => `\u001b[${colour}m${words}\u001b[0m`;

const text = (value: unknown): string => (typeof value === 'string' ? value : JSON.stringify(value));
