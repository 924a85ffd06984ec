import { describe, expect, it } from '@jest/globals';
import { asJson, asPretty } from './format-line.js';
import { LineLogger } from './line-logger.js';
import type { Level } from './log-line.js';

function logger(level: Level = 'info', format = asJson) {
  const lines: string[] = [];
  return { lines, log: new LineLogger({ level, format, write: (text) => lines.push(text) }) };
}

const parsed = (lines: string[]): unknown[] => lines.map((line) => JSON.parse(line) as unknown);

describe('LineLogger', () => {
  it('writes one JSON object a line, of the shape that the engine writes too', () => {
    const { lines, log } = logger();
    log.log('hello', 'Room');
    expect(lines[0]).toMatch(/^\{"level":"info","time":"[^"]+Z","context":"Room","message":"hello"\}\n$/);
  });

  it('takes an object as a message with fields, and an Error with its stack', () => {
    const { lines, log } = logger();
    log.warn({ message: 'slow', ms: 5 }, 'Room');
    log.error(new Error('broken'));
    expect(parsed(lines)).toMatchObject([
      { level: 'warn', message: 'slow', ms: 5, context: 'Room' },
      { level: 'error', message: 'broken', stack: expect.stringContaining('Error: broken') },
    ]);
  });

  it('takes the stack that Nest gives before the context', () => {
    const { lines, log } = logger();
    log.error('broken', 'at here', 'Room');
    expect(parsed(lines)).toMatchObject([{ message: 'broken', stack: 'at here', context: 'Room' }]);
  });

  it('is silent below its level', () => {
    const { lines, log } = logger('warn');
    log.log('a');
    log.debug('b');
    log.verbose('c');
    log.warn('d');
    log.fatal('e');
    expect(parsed(lines)).toMatchObject([{ message: 'd' }, { message: 'e' }]);
  });

  it('keeps a message of several lines on one line of JSON', () => {
    const { lines, log } = logger();
    log.log('a\nb\u2028c');
    expect(lines[0]?.trimEnd().includes('\n')).toBe(false);
  });

  it('gives a value with spaces a line of its own at a terminal, so that it can be copied', () => {
    const { lines, log } = logger('info', asPretty);
    log.log({ message: 'ready', model: 'm', try: 'curl -N x' }, 'Gateway');
    const plain = lines.join('').replace(/\u001b\[\d+m/g, '');
    expect(plain).toMatch(/^[\d:.]{12} info {2}Gateway ready model=m\n {4}try: curl -N x\n$/);
  });
});
