import type { Level, LogLine } from './log-line.js';

const COLOURS: Record<Level, number> = { fatal: 35, error: 31, warn: 33, info: 32, debug: 36, trace: 90 };

export const asJson = (line: LogLine): string => JSON.stringify(line);

/** For a terminal: time, level, room, message, then the fields as name=value; text with spaces on a line of its own. */
export function asPretty({ level, time, context, message, ...fields }: LogLine): string {
  const told = Object.entries(fields).filter(([, value]) => value !== null && value !== undefined);
  const details = told.map(([name, value]) => {
    const text = name === 'stack' ? String(value) : visible(typeof value === 'string' ? value : JSON.stringify(value));
    return /\s/.test(text) ? `\n    ${paint(90, `${name}:`)} ${text}` : ` ${paint(90, `${name}=`)}${text}`;
  });
  const room = context === undefined ? '' : `${paint(90, context)} `;
  return `${time.slice(11, 23)} ${paint(COLOURS[level], level.padEnd(5))} ${room}${visible(message)}${details.join('')}`;
}

/** A client's text must not write lines of its own or steer the terminal. */
const visible = (text: string): string =>
  text.replace(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f]|\n(?=.)/g, (c) => JSON.stringify(c).slice(1, -1));

const paint = (colour: number, words: string): string => `\u001b[${colour}m${words}\u001b[0m`;
