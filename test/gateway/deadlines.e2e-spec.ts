import { afterEach, describe, expect, it } from '@jest/globals';
import type { FakeEngineScript } from '../fake-engine/fake-engine.js';
import { CHAT, ServedGateway } from './served-gateway.js';

const FOREVER_MS = 3_600_000;

let gateway: ServedGateway;

afterEach(() => gateway.close());

const start = async (script: FakeEngineScript, environment: Record<string, string>): Promise<void> => {
  gateway = await ServedGateway.start(script, environment);
};

/** Error events of a stream, which has to end as every stream does. */
function failuresOf(stream: string): unknown[] {
  expect(stream.trim().endsWith('data: [DONE]')).toBe(true);
  const failures = stream.split('\n\n').filter((event) => event.includes('"error"'));
  return failures.map((event) => JSON.parse(event.slice('data: '.length)) as unknown);
}

const failure = (code: string, message: RegExp) =>
  expect.objectContaining({
    error: { type: 'server_error', code, param: null, message: expect.stringMatching(message) as unknown },
  });

describe.each([
  [
    'the first token',
    { firstTokenDelayMs: FOREVER_MS },
    'FIRST_TOKEN_TIMEOUT_SECONDS',
    'engine_timeout',
    /the first token within 0.3 s/,
  ],
  ['the next token', { stallAfterTokens: 2 }, 'TOKEN_TIMEOUT_SECONDS', 'engine_timeout', /the next token within 0.3 s/],
  ['the whole answer', { stallAfterTokens: 2 }, 'REQUEST_TIMEOUT_SECONDS', 'request_timeout', /complete within 0.3 s/],
] as const)('%s that does not come in time', (_what, script, setting, code, message) => {
  it('is 503 for an answer in one piece, and the engine is freed', async () => {
    await start(script, { [setting]: '0.3' });
    const answer = await gateway.post(CHAT);
    expect(answer.status).toBe(503);
    expect(await answer.json()).toEqual(failure(code, message));
    await gateway.seen(({ aborted, open }) => aborted === 1 && open === 0);
  });

  it('is an event of a stream that has begun, 503 of one that has not, and the engine is freed', async () => {
    await start(script, { [setting]: '0.3' });
    const answer = await gateway.post({ ...CHAT, stream: true });
    const begun = 'stallAfterTokens' in script;
    expect(answer.status).toBe(begun ? 200 : 503);
    expect(begun ? failuresOf(await answer.text()) : [await answer.json()]).toEqual([failure(code, message)]);
    await gateway.seen(({ aborted, open }) => aborted === 1 && open === 0);
  });
});

describe('the time of a whole request', () => {
  it('has its wait in the queue in it: who is still there leaves it', async () => {
    await start({ maxRunning: 1, firstTokenDelayMs: FOREVER_MS }, { REQUEST_TIMEOUT_SECONDS: '1' });
    const running = [1, 2, 3].map(() => gateway.post(CHAT));
    await gateway.queued(({ running: count }) => count === 3);
    const waiting = gateway.post(CHAT);
    await gateway.queued(({ waiting: count }) => count === 1);
    for (const answer of await Promise.all([...running, waiting])) {
      expect([answer.status, answer.headers.get('x-should-retry')]).toEqual([503, 'false']);
      expect(await answer.json()).toEqual(failure('request_timeout', /complete within 1 s/));
    }
    await gateway.queued((queue) => queue.running + queue.waiting === 0);
    // The engine has never seen the one that waited, or only as one that had gone.
    await gateway.seen(({ open }) => open === 0);
  });

  it('is one for all prompts of a completion, also of those whose turn comes late', async () => {
    await start({ reply: 'one', maxRunning: 32, firstTokenDelayMs: 1500 }, { REQUEST_TIMEOUT_SECONDS: '2' });
    const prompt = Array.from({ length: 17 }, (_, index) => `p${index}`); // 16 run at a time
    const answer = await gateway.post({ model: 'nanochat', prompt }, { path: '/v1/completions' });
    expect(await answer.json()).toEqual(failure('request_timeout', /complete within 2 s/));
    await gateway.seen(({ open }) => open === 0);
  });

  it('is no limit of an answer that ends in time', async () => {
    await start({}, { REQUEST_TIMEOUT_SECONDS: '30' });
    const answer = await gateway.post({ ...CHAT, stream: true });
    expect(failuresOf(await answer.text())).toEqual([]);
  });

  it("is Anthropic's timeout_error in its dialect", async () => {
    await start({ stallAfterTokens: 2 }, { REQUEST_TIMEOUT_SECONDS: '0.3' });
    const answer = await gateway.post({ ...CHAT, max_tokens: 9 }, { path: '/v1/messages' });
    expect([answer.status, await answer.json()]).toMatchObject([504, { error: { type: 'timeout_error' } }]);
  });
});
