import { Logger } from '@nestjs/common';
import type { EngineLogLine } from './process/log-relay.js';

const METHODS = {
  fatal: 'fatal',
  error: 'error',
  warn: 'warn',
  info: 'log',
  debug: 'debug',
  trace: 'verbose',
} as const;

/** Writes an engine's line into the gateway's log, under the worker's name. */
export function engineLog(worker: string): (line: EngineLogLine) => void {
  const logger = new Logger(worker);
  return ({ level, message, fields }) => {
    const entry = Object.keys(fields).length === 0 ? message : { message, ...fields };
    logger[METHODS[level]](entry);
  };
}
