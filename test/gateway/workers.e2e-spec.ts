import { afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { filter, firstValueFrom } from 'rxjs';
import { freePort } from '../../src/python-engine/process/free-port.js';
import { closingTerminal } from '../closing-terminal.js';
import { countsOf, FakeEngine } from '../fake-engine/fake-engine.js';
import { chunksOf } from './event-lines.js';
import { build, GatewayProcess } from './gateway-process.js';
import { CHAT, ServedGateway } from './served-gateway.js';

let close: () => Promise<void>;

beforeAll(build);
afterEach(() => close());

const textOf = (stream: string): string =>
  chunksOf(stream)
    .map(({ choices }) => choices[0]?.delta?.content ?? '')
    .join('');

/** The names of those that health calls ready. */
async function readyWorkers({ address }: GatewayProcess): Promise<string[]> {
  const answer = await fetch(`${address}/health/ready`);
  const { details } = (await answer.json()) as { details: { workers: Record<string, { state?: string }> } };
  return Object.entries(details.workers).flatMap(([name, { state }]) => (state === 'ready' ? [name] : []));
}

describe('two workers', () => {
  it('share requests, and one takes over the streams of another that dies, from their next token', async () => {
    const gateway = await ServedGateway.start(
      { reply: 'one two three four five six', tokenDelayMs: 100 },
      { WORKERS: '2', RESUME_TRIES: '3' },
    );
    close = () => gateway.close();
    await gateway.until(({ workers }) => workers.every(({ state }) => state === 'ready'));
    const streams = await Promise.all([1, 2, 3, 4].map(() => gateway.post({ ...CHAT, stream: true })));
    const texts = Promise.all(streams.map((stream) => stream.text()));
    const pids = gateway.pool.status.workers.map(({ pid }) => pid!);
    const ports = gateway.engine.starts.map(({ port }) => port);
    expect((await Promise.all(ports.map(countsOf))).map(({ requests }) => requests)).toEqual([2, 2]);
    process.kill(pids[0]!, 'SIGKILL');
    for (const text of await texts) {
      expect(textOf(text)).toBe('one two three four five six');
      expect(text).not.toContain('"error"');
    }
    await firstValueFrom(gateway.pool.status$.pipe(filter(({ workers }) => workers[0]!.pid !== pids[0])));
    expect(gateway.pool.status.workers[1]?.pid).toBe(pids[1]);
  });

  it.each([
    ['/tokenize', (text: string) => ({ prompt: text }), 'tokens'],
    ['/detokenize', (text: string) => ({ tokens: [text.length] }), 'prompt'],
  ])('answer %s also where the one that is asked dies of it', async (path, bodyOf, field) => {
    const gateway = await ServedGateway.start({ lives: [{ diesOfTokens: true }, {}] }, { WORKERS: '2' });
    close = () => gateway.close();
    await gateway.until(({ workers }) => workers.every(({ state }) => state === 'ready'));
    const pids = gateway.pool.status.workers.map(({ pid }) => pid!);
    // By its prefix a prompt belongs to one of the two.
    for (let words = 1; gateway.pool.status.workers.every(({ pid }) => pids.includes(pid!)); words++) {
      const answer = await gateway.post(bodyOf('word '.repeat(words)), { path });
      expect(answer.status).toBe(200);
      expect(await answer.json()).toHaveProperty(field);
    }
    expect(gateway.pool.status.workers.filter(({ pid }) => pids.includes(pid!))).toHaveLength(1);
  });
});

describe('SIGHUP', () => {
  it('replaces the workers while streams run, and no request fails', async () => {
    const gateway = await GatewayProcess.spawn({ reply: 'word '.repeat(30), tokenDelayMs: 30 });
    close = () => gateway.close();
    await gateway.ready();
    const ask = () =>
      fetch(`${gateway.address}/v1/chat/completions`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ ...CHAT, stream: true }),
      }).then((answer) => answer.text());
    const before = [ask(), ask(), ask()];
    gateway.child.kill('SIGHUP');
    const during: Promise<string>[] = [];
    const done = gateway.logged(({ message }) => message === 'the workers are replaced');
    let replaced = false;
    void done.then(() => (replaced = true));
    while (!replaced) {
      during.push(ask());
      await during.at(-1);
    }
    const after = ask();
    for (const text of await Promise.all([...before, ...during, after])) {
      expect(text).not.toContain('"error"');
      expect(textOf(text)).toBe('word '.repeat(30).trimEnd());
    }
    expect(gateway.engine.starts).toHaveLength(2);
    await gateway.logged(({ message }) => /^worker-0 is stopped/.test(String(message)));
    expect(gateway.engine.lives.filter(({ event }) => event === 'end')).toHaveLength(1);
  });

  it('says how many are replaced where one of several can not be, and keeps the others', async () => {
    const gateway = await GatewayProcess.spawn({ lives: [{}, {}, {}, { exitBeforeReady: 78 }] }, { WORKERS: '2' });
    close = () => gateway.close();
    await gateway.ready();
    await gateway.logged(({ message }) => String(message).startsWith('worker-0 is ready'));
    await gateway.logged(({ message }) => String(message).startsWith('worker-1 is ready'));
    gateway.child.kill('SIGHUP');
    const line = await gateway.logged(({ context, level }) => context === 'Reload' && level === 'error');
    expect(line['message']).toMatch(/1 of 2 workers are replaced: .*the new worker-1 is failed/);
    expect(await readyWorkers(gateway)).toEqual(['worker-0', 'worker-1']);
  });

  it('takes one after the other, however often it comes', async () => {
    const gateway = await GatewayProcess.spawn({ loadMs: 100 });
    close = () => gateway.close();
    await gateway.ready();
    gateway.child.kill('SIGHUP');
    await gateway.logged(({ context }) => context === 'Reload');
    gateway.child.kill('SIGHUP');
    const replaced = () => gateway.log.filter(({ message }) => message === 'the workers are replaced').length;
    await gateway.logged(() => replaced() === 2);
    expect(gateway.engine.starts).toHaveLength(3);
  });

  it('reads .env anew', async () => {
    const gateway = await GatewayProcess.spawn({});
    close = () => gateway.close();
    await gateway.ready();
    writeFileSync(`${gateway.engine.folder}/.env`, 'WORKERS=2\n');
    gateway.child.kill('SIGHUP');
    await gateway.logged(({ message }) => message === 'the workers are replaced');
    expect(await readyWorkers(gateway)).toEqual(['worker-0', 'worker-1']);
    expect(gateway.engine.starts).toHaveLength(3);
  });

  it.each([
    ['', {}],
    [', and cuts nothing where the shell tells of it too', { hangups: 1 }],
    [', and cuts nothing after Ctrl-C', { interrupted: 'SIGINT: finishing what runs' }],
  ])('of a terminal that closes is the end of the server, which takes its workers along%s', async (_what, closing) => {
    const engine = new FakeEngine();
    close = async () => engine.remove();
    const [port, enginePort] = [await freePort('127.0.0.1', 0), await freePort('127.0.0.1', 0)];
    const env = {
      ...{ PATH: process.env['PATH'], INFERENCE_SERVER_PATH: engine.path, MODEL: engine.model },
      ...{ PORT: String(port), ENGINE_PORT: String(enginePort), LOG_FORMAT: 'json' },
      DRAIN_DELAY_SECONDS: '3', // a second signal comes within it
    };
    const main = [process.execPath, join(import.meta.dirname, '../../dist/main.js')] as const;
    expect(await closingTerminal('worker-0 is ready', main, { cwd: engine.folder, env, ...closing })).toBe(0);
    expect(engine.lives.map(({ event }) => event)).toEqual(['start', 'end']);
  });

  it('reads anew how closely workers are watched', async () => {
    const gateway = await GatewayProcess.spawn({ stallAfterTokens: 2 });
    close = () => gateway.close();
    await gateway.ready();
    writeFileSync(`${gateway.engine.folder}/.env`, 'TOKEN_TIMEOUT_SECONDS=0.3\n');
    gateway.child.kill('SIGHUP');
    await gateway.logged(({ message }) => message === 'the workers are replaced');
    const answer = await fetch(`${gateway.address}/v1/chat/completions`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(CHAT),
    });
    expect(await answer.json()).toMatchObject({
      error: { message: expect.stringContaining('within 0.3 s') as unknown },
    });
  });

  it('keeps the old workers where the new ones can not be had, and says why', async () => {
    const gateway = await GatewayProcess.spawn({});
    close = () => gateway.close();
    await gateway.ready();
    writeFileSync(`${gateway.engine.folder}/meta_000001.json`, 'no JSON');
    gateway.child.kill('SIGHUP');
    const line = await gateway.logged(({ context, level }) => context === 'Reload' && level === 'error');
    expect(line['message']).toMatch(/^the workers are not replaced: .*meta_000001\.json/);
    expect((await fetch(`${gateway.address}/health/ready`)).status).toBe(200);
  });
});
