import { afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import type { FakeEngineScript } from '../fake-engine/fake-engine.js';
import { build, GatewayProcess } from './gateway-process.js';
import { CHAT } from './served-gateway.js';

const QUESTION = 'a question that is nobody else’s business';
const ANSWER = 'an answer that is private';

let gateway: GatewayProcess;

beforeAll(build);
afterEach(() => gateway.close());

const start = async (script: FakeEngineScript = {}, environment: Record<string, string> = {}): Promise<void> => {
  gateway = await GatewayProcess.spawn({ reply: ANSWER, ...script }, environment);
  await gateway.ready();
};

const post = (path: string, body: unknown): Promise<Response> =>
  fetch(`${gateway.address}${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'x-request-id': 'mine-1' },
    body: JSON.stringify(body),
  });

const chat = async (fields: Record<string, unknown> = {}): Promise<void> => {
  const messages = [{ role: 'user', content: QUESTION }];
  await (await post('/v1/chat/completions', { ...CHAT, messages, ...fields })).text();
};

/** The line of a request. */
const line = (path = '/v1/chat/completions'): Promise<Record<string, unknown>> =>
  gateway.logged(({ message }) => message === `POST ${path}`);

describe('the log', () => {
  it('has a line of JSON a request: who, which model and worker, how much, how long, and how it ended', async () => {
    await start({ firstTokenDelayMs: 20, tokenDelayMs: 20 });
    await chat({ stream: true });
    const seen = await line();
    expect(seen).toMatchObject({
      ...{ level: 'info', request_id: 'mine-1', model: 'nanochat', worker: 'worker-0', stream: true, n: 1 },
      ...{ status: 200, outcome: 'finished', finish_reasons: ['stop'] },
      ...{ prompt_tokens: 9, completion_tokens: 5, cached_tokens: 0 },
    });
    const times = ['queue_ms', 'first_token_ms', 'last_token_ms', 'duration_ms'].map((name) => seen[name] as number);
    expect([...times].sort((a, b) => a - b)).toEqual(times);
    expect(new Set(times.slice(0, 3)).size).toBe(3);
  });

  it('names kernel, device, types and BATCH_INVARIANT once the model is ready', async () => {
    await start();
    expect(await gateway.ready()).toMatchObject({
      ...{ kernel: 'fake', device: 'cpu', dtype: 'float32', quantization: 'none', batch_invariant: true },
    });
  });

  it("has the engine's lines with their level under the worker's name, and those that are no JSON", async () => {
    await start({ log: [{ level: 'warn', message: 'from within', blocks: 7 }], errorLog: ['a traceback'] });
    const within = await gateway.logged(({ message }) => message === 'from within');
    expect(within).toMatchObject({ level: 'warn', context: 'worker-0', blocks: 7 });
    expect(await gateway.logged(({ message }) => message === 'a traceback')).toMatchObject({ level: 'warn' });
  });

  it('has nothing of what was asked and answered, at any level and however it ended', async () => {
    await start({}, { LOG_LEVEL: 'trace' });
    await chat();
    await chat({ stream: true });
    await chat({ temperature: 9 });
    await post('/v1/completions', { model: 'nanochat', prompt: QUESTION });
    await line('/v1/completions');
    expect(gateway.output + gateway.errors).not.toContain('business');
    expect(gateway.output + gateway.errors).not.toContain('private');
  });

  it('has both with LOG_CONTENT=true, cut where they are long', async () => {
    await start({}, { LOG_CONTENT: 'true' });
    const messages = [
      { role: 'system', content: 's'.repeat(3000) },
      { role: 'user', content: QUESTION },
    ];
    await chat({ messages, n: 2 });
    expect(await line()).toMatchObject({
      prompt: [
        { role: 'system', content: `${'s'.repeat(2000)}… (1000 more)` },
        { role: 'user', content: QUESTION },
      ],
      answers: [ANSWER, ANSWER],
    });
  });

  it('has no line of probes and scrapes above debug', async () => {
    await start();
    await fetch(`${gateway.address}/health/ready`);
    await fetch(`${gateway.address}/metrics`);
    await chat();
    await line();
    expect(gateway.log.map(({ message }) => String(message)).filter((message) => message.startsWith('GET '))).toEqual(
      [],
    );
  });
});
