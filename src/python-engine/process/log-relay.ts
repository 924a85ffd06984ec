import type { Readable } from 'node:stream';
import { LineSplitter } from '../line-splitter.js';

export type EngineLogLevel = 'fatal' | 'error' | 'warn' | 'info' | 'debug' | 'trace';

export interface EngineLogLine {
  level: EngineLogLevel;
  message: string;
  /** What the engine said beside level, time and message. */
  fields: Record<string, unknown>;
}

export interface FatalLine {
  code: string | null;
  message: string;
}

const LEVELS: readonly string[] = ['fatal', 'error', 'warn', 'info', 'debug', 'trace'];
const MAX_LINE = 16 * 1024;
const TAIL_LINES = 20;
const MAX_TAIL_LINE = 300;

/**
 * Passes a child's output on as structured lines, and remembers its end for the reason of a death. A line that is not
 * JSON (a traceback, a library's warning) is passed on as text: `info` from stdout, `warn` from stderr.
 */
export class LogRelay {
  private readonly lastLines: string[] = [];
  private lastFatal: FatalLine | null = null;

  constructor(private readonly write: (line: EngineLogLine) => void) {}

  attach(stream: Readable, level: 'info' | 'warn'): void {
    const splitter = new LineSplitter(MAX_LINE, (line, cut) => this.take(line, cut, level));
    stream.on('data', (bytes: Buffer) => splitter.push(bytes));
    stream.once('end', () => splitter.end());
    // A broken pipe ends the relay, never the gateway.
    stream.once('error', () => splitter.end());
  }

  /** The last lines, oldest first. */
  get tail(): readonly string[] {
    return this.lastLines;
  }

  get fatal(): FatalLine | null {
    return this.lastFatal;
  }

  private take(text: string, cut: boolean, level: 'info' | 'warn'): void {
    if (text.trim() === '') return;
    const line = (cut ? null : parseLine(text)) ?? { level, message: cut ? `${text}…` : text, fields: {} };
    if (line.level === 'fatal') {
      const code = line.fields['code'];
      this.lastFatal = { code: typeof code === 'string' ? code : null, message: line.message };
    }
    this.lastLines.push(`${line.level}: ${line.message}`.slice(0, MAX_TAIL_LINE));
    if (this.lastLines.length > TAIL_LINES) this.lastLines.shift();
    this.write(line);
  }
}

function parseLine(text: string): EngineLogLine | null {
  if (!text.startsWith('{')) return null;
  try {
    const { level, message, time: _time, ...fields } = JSON.parse(text) as Record<string, unknown>;
    if (typeof level !== 'string' || typeof message !== 'string') return null;
    const known = level.toLowerCase();
    return { level: LEVELS.includes(known) ? (known as EngineLogLevel) : 'info', message, fields };
  } catch {
    return null;
  }
}
