import { PassThrough } from 'node:stream';
import { finished } from 'node:stream/promises';
import { describe, expect, it } from '@jest/globals';
import { LogRelay, type EngineLogLine } from './log-relay.js';

async function relayed(stderr: boolean, ...lines: string[]): Promise<{ lines: EngineLogLine[]; relay: LogRelay }> {
  const out: EngineLogLine[] = [];
  const relay = new LogRelay((line) => out.push(line));
  const stream = new PassThrough();
  relay.attach(stream, stderr ? 'warn' : 'info');
  for (const line of lines) stream.write(`${line}\n`);
  stream.end();
  await finished(stream);
  return { lines: out, relay };
}

describe('LogRelay', () => {
  it("keeps the engine's level, message and fields", async () => {
    const { lines } = await relayed(false, '{"level":"error","time":"2026-11-24T10:00:00Z","message":"no","step":7}');
    expect(lines).toEqual([{ level: 'error', message: 'no', fields: { step: 7 } }]);
  });

  it('passes text on as info from stdout and as warn from stderr', async () => {
    expect((await relayed(false, 'hello')).lines).toEqual([{ level: 'info', message: 'hello', fields: {} }]);
    expect((await relayed(true, 'Traceback:')).lines).toEqual([{ level: 'warn', message: 'Traceback:', fields: {} }]);
  });

  it('passes broken JSON, and JSON that is no log line, on as text', async () => {
    const { lines } = await relayed(false, '{"level":"info"', '{"a":1}', '[1]');
    expect(lines.map((line) => line.message)).toEqual(['{"level":"info"', '{"a":1}', '[1]']);
  });

  it('takes a level in any case, and an unknown one for info', async () => {
    const { lines } = await relayed(false, '{"level":"WARN","message":"a"}', '{"level":"loud","message":"b"}');
    expect(lines.map((line) => line.level)).toEqual(['warn', 'info']);
  });

  it('remembers the last fatal line', async () => {
    const { relay } = await relayed(
      false,
      '{"level":"fatal","message":"model_000001.pt is cut","code":"checkpoint_corrupt"}',
      '{"level":"info","message":"bye"}',
    );
    expect(relay.fatal).toEqual({ code: 'checkpoint_corrupt', message: 'model_000001.pt is cut' });
  });

  it('remembers the last twenty lines, each cut to a bounded length', async () => {
    const { relay } = await relayed(true, ...Array.from({ length: 30 }, (_, at) => `${at}${'x'.repeat(2000)}`));
    expect(relay.tail).toHaveLength(20);
    expect(relay.tail[0]).toMatch(/^warn: 10x/);
    expect(Math.max(...relay.tail.map((line) => line.length))).toBe(300);
  });

  it('cuts an endless line', async () => {
    const { lines } = await relayed(true, 'y'.repeat(1_000_000), 'next');
    expect(lines[0]?.message).toHaveLength(16 * 1024 + 1);
    expect(lines[1]?.message).toBe('next');
  });
});
