import { afterEach, describe, expect, it } from '@jest/globals';
import { RateLimitError } from 'openai';
import type { FakeEngineScript } from '../fake-engine/fake-engine.js';
import { CHAT, ServedGateway } from './served-gateway.js';

let gateway: ServedGateway;

const start = async (script: FakeEngineScript = {}, environment: Record<string, string> = {}): Promise<void> => {
  gateway = await ServedGateway.start(script, environment);
};

afterEach(() => gateway.close());

describe('more requests than there is room for', () => {
  it('go to the engine up to its limit and two more, wait in order, and are all answered', async () => {
    await start({ maxRunning: 2, reply: 'done', firstTokenDelayMs: 1500 }); // long enough for all to have come
    const answers = Array.from({ length: 12 }, () => gateway.client().chat.completions.create(CHAT));
    const { running } = await gateway.queued(({ waiting }) => waiting >= 1);
    expect(running).toBe(4);
    for (const answer of await Promise.all(answers)) expect(answer.choices[0]?.message.content).toBe('done');
    await gateway.queued((status) => status.running + status.waiting === 0);
  });

  it('are refused with 429 queue_full and Retry-After beyond QUEUE_LIMIT', async () => {
    await start({ maxRunning: 1, stallAfterTokens: 0 }, { QUEUE_LIMIT: '2', RATE_LIMIT_REQUESTS: '100' });
    const leave = new AbortController();
    const held = Array.from({ length: 5 }, () => gateway.post(CHAT, { signal: leave.signal }).catch(() => null));
    await gateway.queued(({ running, waiting }) => running === 3 && waiting === 2);
    const answer = await gateway.post({ ...CHAT, stream: true });
    expect(answer.status).toBe(429);
    expect(Number(answer.headers.get('retry-after'))).toBeGreaterThanOrEqual(1);
    // The caller's own allowance, which the queue has no part in.
    expect(answer.headers.get('x-ratelimit-limit-requests')).toBe('100');
    expect(answer.headers.get('x-ratelimit-remaining-requests')).toBe('94');
    expect(await answer.json()).toMatchObject({ error: { type: 'rate_limit_error', code: 'queue_full', param: null } });
    await expect(gateway.client().chat.completions.create(CHAT)).rejects.toBeInstanceOf(RateLimitError);
    leave.abort();
    await Promise.all(held);
  });

  it('are refused with 429 and Retry-After when their turn does not come within QUEUE_TIMEOUT_SECONDS', async () => {
    await start({ maxRunning: 1, stallAfterTokens: 0 }, { QUEUE_TIMEOUT_SECONDS: '0.2' });
    const leave = new AbortController();
    const held = Array.from({ length: 3 }, () => gateway.post(CHAT, { signal: leave.signal }).catch(() => null));
    await gateway.queued(({ running }) => running === 3);
    const answer = await gateway.post(CHAT);
    expect(answer.status).toBe(429);
    expect(answer.headers.has('retry-after')).toBe(true);
    expect([...answer.headers.keys()].filter((name) => name.startsWith('x-ratelimit-'))).toEqual([]);
    expect(await answer.json()).toMatchObject({ error: { code: 'queue_timeout' } });
    leave.abort();
    await Promise.all(held);
  });

  it('pass on a 429 of the engine itself', async () => {
    await start({
      refuse: { status: 429, code: 'queue_full', message: 'full', type: 'rate_limit_error', retryAfter: '3' },
    });
    const answer = await gateway.post(CHAT);
    expect(answer.status).toBe(429);
    expect(answer.headers.get('retry-after')).toBe('3');
    expect(await answer.json()).toMatchObject({ error: { type: 'rate_limit_error', code: 'queue_full' } });
  });
});
