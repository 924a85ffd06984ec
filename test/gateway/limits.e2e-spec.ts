import { afterEach, describe, expect, it } from '@jest/globals';
import { RateLimitError } from 'openai';
import type { FakeEngineScript } from '../fake-engine/fake-engine.js';
import { makeKey } from './made-key.js';
import { CHAT, ServedGateway } from './served-gateway.js';

let gateway: ServedGateway;

const start = async (environment: Record<string, string>, script: FakeEngineScript = {}): Promise<void> => {
  gateway = await ServedGateway.start({ reply: 'one two three', promptTokens: 9, ...script }, environment);
};

afterEach(() => gateway.close());

const post = (headers: Record<string, string> = {}, fields: object = {}): Promise<Response> =>
  gateway.post({ ...CHAT, ...fields }, { headers });

const told = (answer: Response, measure: string): (string | null)[] =>
  ['limit', 'remaining', 'reset'].map((what) => answer.headers.get(`x-ratelimit-${what}-${measure}`));

describe('requests a minute', () => {
  it('are refused over the limit of the key with 429 rate_limit_exceeded and Retry-After; another key goes on', async () => {
    const [alice, bob] = [makeKey('alice', 'requests=2'), makeKey('bob')];
    await start({ API_KEYS: `${alice.entry},${bob.entry}`, RATE_LIMIT_REQUESTS: '5' });
    const first = await post(alice.bearer);
    expect(told(first, 'requests')).toEqual(['2', '1', expect.stringMatching(/^\d+s$/)]);
    const second = await post(alice.bearer, { stream: true });
    expect(second.status).toBe(200);
    expect(told(second, 'requests').slice(0, 2)).toEqual(['2', '0']);
    await second.text();
    const refused = await post(alice.bearer);
    expect(refused.status).toBe(429);
    expect(told(refused, 'requests').slice(0, 2)).toEqual(['2', '0']);
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThanOrEqual(1);
    expect(await refused.json()).toMatchObject({
      error: {
        type: 'rate_limit_error',
        code: 'rate_limit_exceeded',
        param: null,
        message: expect.stringMatching(/'alice'.*2 requests a minute/) as unknown,
      },
    });
    expect(told(await post(bob.bearer), 'requests').slice(0, 2)).toEqual(['5', '4']);
  });

  it('count what is refused for its body, and no GET', async () => {
    await start({ RATE_LIMIT_REQUESTS: '1' });
    expect((await fetch(`${gateway.address}/v1/models`)).status).toBe(200);
    expect((await gateway.post('{')).status).toBe(400);
    expect((await post()).status).toBe(429);
    expect((await fetch(`${gateway.address}/v1/models`)).status).toBe(200);
  });

  it('are unlimited for a key that says so', async () => {
    const alice = makeKey('alice', 'requests=unlimited');
    await start({ API_KEYS: alice.entry, RATE_LIMIT_REQUESTS: '1' });
    for (let i = 0; i < 3; i++) expect((await post(alice.bearer)).status).toBe(200);
  });

  it('are told as a RateLimitError of the SDK, and in the shape of Anthropic on its route', async () => {
    await start({ RATE_LIMIT_REQUESTS: '1' });
    await post();
    await expect(gateway.client().chat.completions.create(CHAT)).rejects.toBeInstanceOf(RateLimitError);
    const answer = await gateway.post({ ...CHAT, max_tokens: 5 }, { path: '/v1/messages' });
    expect(answer.status).toBe(429);
    expect(await answer.json()).toMatchObject({ type: 'error', error: { type: 'rate_limit_error' } });
  });
});

describe('tokens a minute', () => {
  // 'Hello' is two tokens by the estimate; the fake engine answers with 3 and says that the prompt had 9.
  it('are held by an estimate and settled by what the answer took', async () => {
    await start({ RATE_LIMIT_TOKENS: '120' });
    const first = await post({}, { max_tokens: 50 });
    expect(told(first, 'tokens')).toEqual(['120', '68', expect.stringMatching(/^\d+s$/)]);
    const second = await post({}, { max_tokens: 50 });
    expect(told(second, 'tokens')[1]).toBe(String(120 - 12 - 52));
    const stream = await post({}, { max_tokens: 50, stream: true });
    await stream.text();
    expect(told(stream, 'tokens')[1]).toBe(String(120 - 24 - 52));
  });

  it('are refused over the limit with 429, which takes none itself', async () => {
    await start({ RATE_LIMIT_TOKENS: '100' });
    await post({}, { max_tokens: 50 }); // 12 in the end
    const refused = await post({}, { max_tokens: 90 });
    expect(refused.status).toBe(429);
    expect(told(refused, 'tokens').slice(0, 2)).toEqual(['100', '88']);
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThanOrEqual(1);
    expect(await refused.json()).toMatchObject({ error: { code: 'rate_limit_exceeded', type: 'rate_limit_error' } });
    expect((await post({}, { max_tokens: 86 })).status).toBe(200);
  });

  it('tell no retry to what alone is over the limit', async () => {
    await start({ RATE_LIMIT_TOKENS: '100' });
    const refused = await post({}, { max_tokens: 50, n: 2 });
    expect(refused.status).toBe(429);
    expect(refused.headers.get('x-should-retry')).toBe('false');
    expect(await refused.json()).toMatchObject({ error: { message: expect.stringMatching(/max_tokens/) as unknown } });
  });

  it('of a client that goes away are only those that came', async () => {
    await start({ RATE_LIMIT_TOKENS: '100' }, { stallAfterTokens: 2 });
    const leave = new AbortController();
    const stream = await gateway.post({ ...CHAT, max_tokens: 80, stream: true }, { signal: leave.signal });
    await stream.body!.getReader().read();
    leave.abort();
    await gateway.queued(({ running }) => running === 0);
    const next = await gateway.post({ ...CHAT, max_tokens: 50, stream: true });
    expect(next.status).toBe(200);
    expect(Number(told(next, 'tokens')[1])).toBeGreaterThanOrEqual(100 - 11 - 52);
    await next.body!.cancel();
  });
});

describe('two keys, one of which floods', () => {
  it('take turns, and the other finds a place in a full queue', async () => {
    const [flood, other] = [makeKey('flood'), makeKey('other')];
    await start(
      { API_KEYS: `${flood.entry},${other.entry}`, QUEUE_LIMIT: '4' },
      { maxRunning: 1, stallAfterTokens: 0 },
    );
    const leave = new AbortController();
    const send = ({ bearer }: { bearer: Record<string, string> }): Promise<Response | null> =>
      gateway.post(CHAT, { headers: bearer, signal: leave.signal }).catch(() => null);
    const flooding = Array.from({ length: 7 }, () => send(flood));
    await gateway.queued(({ running, waiting }) => running === 3 && waiting === 4);
    const displaced = Promise.race(flooding);
    const kept = send(other);
    expect((await displaced)?.status).toBe(429);
    expect((await gateway.post(CHAT, { headers: flood.bearer })).status).toBe(429);
    await gateway.queued(({ waiting }) => waiting === 4);
    leave.abort();
    await Promise.all([...flooding, kept]);
  });
});
