import { createServer } from 'node:net';
import { once } from 'node:events';
import { afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { countsOf, type FakeEngineScript } from '../fake-engine/fake-engine.js';
import { chunksOf } from './event-lines.js';
import { build, GatewayProcess } from './gateway-process.js';
import { CHAT } from './served-gateway.js';

let gateway: GatewayProcess;

beforeAll(build);
afterEach(() => gateway.close());

const spawn = async (script: FakeEngineScript = {}, environment: Record<string, string> = {}): Promise<void> => {
  gateway = await GatewayProcess.spawn(script, environment);
};

const post = (fields: Record<string, unknown> = {}): Promise<Response> =>
  fetch(`${gateway.address}/v1/chat/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ ...CHAT, ...fields }),
  });

const readiness = async (): Promise<number> => (await fetch(`${gateway.address}/health/ready`)).status;

function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

const enginePid = (): number => gateway.engine.starts.at(-1)!.pid;

/** Resolves when the engine has `count` open generations. */
async function open(count: number): Promise<void> {
  const { port } = gateway.engine.starts.at(-1)!;
  while ((await countsOf(port)).open !== count);
}

describe('the gateway as a process', () => {
  it('answers probes before its engine is ready, then prints address, model, device and a line to try', async () => {
    await spawn({ loadMs: 300 });
    await gateway.logged(({ message }) => String(message).startsWith('listening on'));
    expect((await fetch(`${gateway.address}/health/live`)).status).toBe(200);
    expect(await readiness()).toBe(503);
    const banner = await gateway.ready();
    expect(banner).toMatchObject({
      address: gateway.address,
      model: 'fake',
      device: 'cpu',
      dtype: 'float32',
      quantization: 'none',
    });
    expect(banner['try']).toMatch(new RegExp(`^curl -N ${gateway.address}/v1/chat/completions `));
    expect(await readiness()).toBe(200);
    // Node tells there of a flag of compile-sooner.ts that its V8 does not know.
    expect(gateway.errors).toBe('');
  });

  it('writes one line for each request, with times and tokens and without the prompt', async () => {
    await spawn({ reply: 'secret answer' });
    await gateway.ready();
    await (await post({ messages: [{ role: 'user', content: 'secret question' }], stream: true })).text();
    const traceparent = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01';
    await fetch(`${gateway.address}/v1/models?x=secret`, { headers: { traceparent, 'x-request-id': 'mine' } });
    const line = await gateway.logged(({ message }) => message === 'POST /v1/chat/completions');
    expect(line).toMatchObject({
      ...{ level: 'info', context: 'Request', status: 200, aborted: false, model: 'nanochat', stream: true },
      ...{ outcome: 'finished', finish_reasons: ['stop'], prompt_tokens: 9, completion_tokens: 2, cached_tokens: 0 },
    });
    for (const name of ['duration_ms', 'queue_ms', 'first_token_ms']) expect(typeof line[name]).toBe('number');
    expect(line['completion_id']).toMatch(/^chatcmpl-/);
    expect(line['request_id']).toMatch(/^req_/);
    const models = await gateway.logged(({ message }) => message === 'GET /v1/models');
    expect(models).toMatchObject({ request_id: 'mine', trace_id: '4bf92f3577b34da6a3ce929d0e0e4736' });
    expect(gateway.output).not.toMatch(/secret/);
  });

  it('ends with one message naming PORT when the port is taken, and has started no engine', async () => {
    const other = createServer().listen(0, '127.0.0.1');
    await once(other, 'listening');
    const { port } = other.address() as { port: number };
    await spawn({}, { PORT: String(port) });
    expect(await gateway.exited).toBe(1);
    expect(gateway.errors).toBe(`Port ${port} is already in use; set PORT to another one, or 0 for any.\n`);
    expect(gateway.engine.starts).toEqual([]);
    other.close();
  });

  it('ends with one message that names every wrong setting', async () => {
    await spawn({}, { PORT: '99999', DTYPE: 'int3', QUEUE_LIMIT: 'many' });
    expect(await gateway.exited).toBe(1);
    expect(gateway.errors).toBe(
      'Wrong settings:\n  PORT=99999 is above 65535\n  DTYPE=int3 is none of auto, bfloat16, float32\n' +
        '  QUEUE_LIMIT=many is not a whole number\n',
    );
    expect(gateway.output).toBe('');
  });
});

describe.each(['SIGTERM', 'SIGINT'] as const)('%s', (signal) => {
  it('lets running streams finish, refuses new requests, and leaves with 0 and without a child', async () => {
    await spawn({ reply: 'word '.repeat(20), tokenDelayMs: 50 }, { DRAIN_DELAY_SECONDS: '0.2' });
    await gateway.ready();
    const stream = await post({ stream: true });
    gateway.child.kill(signal);
    await gateway.logged(({ context }) => context === 'Shutdown');
    expect(await readiness()).toBe(503);
    expect((await fetch(`${gateway.address}/health/live`)).status).toBe(200);
    let refused = await post();
    while (refused.status === 200) refused = await post(); // the drain delay still serves
    expect(refused.status).toBe(503);
    expect(await refused.json()).toMatchObject({ error: { code: 'shutting_down', type: 'server_error' } });
    const chunks = chunksOf(await stream.text());
    expect(chunks.at(-1)?.choices[0]?.finish_reason).toBe('stop');
    expect(await gateway.exited).toBe(0);
    expect(isRunning(enginePid())).toBe(false);
  });

  it('ends by an error event what is not through by DRAIN_TIMEOUT_SECONDS', async () => {
    await spawn({ stallAfterTokens: 2 }, { DRAIN_TIMEOUT_SECONDS: '0.3' });
    await gateway.ready();
    const stream = await post({ stream: true });
    gateway.child.kill(signal);
    expect(chunksOf(await stream.text()).at(-1)?.error).toMatchObject({ code: 'shutting_down' });
    expect(await gateway.exited).toBe(0);
    expect(isRunning(enginePid())).toBe(false);
  });

  it('a second time leaves at once, not with 0, and kills the children', async () => {
    await spawn({ stallAfterTokens: 2, ignoreSigterm: true });
    await gateway.ready();
    const stream = await post({ stream: true });
    await open(1);
    gateway.child.kill(signal);
    await gateway.logged(({ context }) => context === 'Shutdown');
    gateway.child.kill(signal);
    expect(await gateway.exited).toBe(signal === 'SIGINT' ? 130 : 143);
    await expect(stream.text()).rejects.toThrow();
    while (isRunning(enginePid())); // a signal takes a moment to be delivered
  });

  it('while the model loads leaves with 0 and without a child', async () => {
    await spawn({ loadMs: 60_000 });
    await gateway.logged(({ message }) => /is loading/.test(String(message)));
    gateway.child.kill(signal);
    expect(await gateway.exited).toBe(0);
    expect(isRunning(enginePid())).toBe(false);
  });
});
