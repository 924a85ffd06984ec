import { afterEach, describe, expect, it } from '@jest/globals';
import { lastValueFrom, toArray, type Subscription } from 'rxjs';
import type { GenerateEvent, GenerateRequest } from '../../src/python-engine/worker.js';
import { countsOf, type FakeCounts, type FakeEngineScript } from '../fake-engine/fake-engine.js';
import { generateRequest } from './generate-request.js';
import { SupervisedFake } from './supervised-fake.js';

let fake: SupervisedFake;

async function start(script: FakeEngineScript = {}, environment: Record<string, string> = {}): Promise<void> {
  fake = await SupervisedFake.start(script, { environment });
  await fake.reached('ready');
}

const generate = (fields: Partial<GenerateRequest> = {}): Promise<GenerateEvent[]> =>
  lastValueFrom(fake.pool.generate(generateRequest(fields)).pipe(toArray()));

/** Subscribes, and tells what came and how it ended. */
function follow(fields: Partial<GenerateRequest> = {}) {
  const events: GenerateEvent[] = [];
  const waiting: (() => void)[] = [];
  let subscription: Subscription | undefined;
  const ended = new Promise<unknown>((resolve) => {
    subscription = fake.pool.generate(generateRequest(fields)).subscribe({
      next: (event) => {
        events.push(event);
        waiting.splice(0).forEach((wake) => wake());
      },
      error: resolve,
      complete: () => resolve('complete'),
    });
  });
  const count = async (wanted: number): Promise<void> => {
    while (events.length < wanted) await new Promise<void>((resolve) => waiting.push(resolve));
  };
  return { events, ended, count, unsubscribe: () => subscription?.unsubscribe() };
}

/** Asks the fake engine until it has seen what it should; jest's own limit ends a wait in vain. */
async function seen(what: (counts: FakeCounts) => boolean): Promise<FakeCounts> {
  for (;;) {
    const counts = await countsOf(fake.port);
    if (what(counts)) return counts;
  }
}

const textOf = (events: GenerateEvent[], index = 0): string =>
  events
    .flatMap((event) => (event.type === 'chunk' ? event.choices : []))
    .filter((choice) => choice.index === index)
    .map(({ text }) => text)
    .join('');

afterEach(() => fake.close());

describe('a generation', () => {
  it('tells its admission, its chunks and its usage in this order, and completes', async () => {
    await start({ reply: 'one two' });
    expect(await generate()).toEqual([
      { type: 'admitted', promptTokens: 9 },
      {
        type: 'chunk',
        choices: [{ index: 0, tokenIds: [1], text: 'one', textOffset: 3, finishReason: null }],
      },
      {
        type: 'chunk',
        choices: [{ index: 0, tokenIds: [2], text: ' two', textOffset: 7, finishReason: 'stop' }],
      },
      { type: 'usage', promptTokens: 9, completionTokens: 2, cachedTokens: 0 },
    ]);
  });

  it('carries several choices and characters of any length', async () => {
    await start({ reply: 'né 🦙 日本 end' });
    const events = await generate({ n: 3 });
    for (const index of [0, 1, 2]) expect(textOf(events, index)).toBe('né 🦙 日本 end');
  });

  it('sends the request in the names of the engine, and a seed over 2^53 exactly', async () => {
    await start();
    await generate({
      requestId: 'req-7',
      messages: [{ role: 'user', content: 'Hi' }],
      sampling: { temperature: 0, topK: -1, topP: 0.5, seed: 9223372036854775807n, maxTokens: 3, stop: ['x'], ignoreEos: true },
      calculator: false,
    });
    const { bodies } = await countsOf(fake.port);
    expect(bodies[0]).toContain('"seed":9223372036854775807,');
    expect(JSON.parse(bodies[0]!.replace('9223372036854775807', '1'))).toEqual({
      request_id: 'req-7',
      messages: [{ role: 'user', content: 'Hi' }],
      sampling: { temperature: 0, top_k: -1, top_p: 0.5, seed: 1, max_tokens: 3, stop: ['x'], ignore_eos: true },
      n: 1,
      calculator: false,
    });
  });

  it('is not sent before it is subscribed to, and again for each subscriber', async () => {
    await start();
    const cold = fake.pool.generate(generateRequest());
    expect((await countsOf(fake.port)).requests).toBe(0);
    await Promise.all([lastValueFrom(cold), lastValueFrom(cold)]);
    expect((await countsOf(fake.port)).requests).toBe(2);
  });

  it('runs beside others, and leaves health its own connection', async () => {
    await start({ tokenDelayMs: 60, maxRunning: 64 }, { HANG_SECONDS: '1' });
    const answers = await Promise.all(Array.from({ length: 40 }, () => generate()));
    expect(new Set(answers.map((events) => textOf(events)))).toEqual(
      new Set(['The quick brown fox jumps over the lazy dog.']),
    );
    expect(fake.history).not.toContain('hung');
    expect(fake.worker.restarts).toBe(0);
  });

  it('is aborted in the engine when its subscriber goes away in mid-stream', async () => {
    await start({ stallAfterTokens: 2 });
    const { count, unsubscribe, events } = follow();
    await count(3);
    expect((await countsOf(fake.port)).open).toBe(1);
    unsubscribe();
    expect(await seen(({ aborted }) => aborted === 1)).toMatchObject({ open: 0, finished: 0 });
    expect(events).toHaveLength(3);
  });

  it('is aborted in the engine when its subscriber goes away before admission', async () => {
    await start({ admitDelayMs: 3_600_000 });
    const { unsubscribe } = follow();
    await seen(({ open }) => open === 1);
    unsubscribe();
    expect(await seen(({ aborted }) => aborted === 1)).toMatchObject({ open: 0 });
  });

  it('never reaches the engine when its subscriber goes away at once', async () => {
    await start();
    follow().unsubscribe();
    await generate();
    expect(await countsOf(fake.port)).toMatchObject({ requests: 1, finished: 1, aborted: 0 });
  });
});

describe('a generation that fails', () => {
  it('is refused as the engine refuses it, with status, code and param', async () => {
    await start({
      refuse: { status: 400, code: 'context_length_exceeded', message: 'too long', param: 'messages' },
    });
    const { events, ended } = follow();
    expect(await ended).toMatchObject({
      name: 'OpenAIError',
      status: 400,
      message: 'too long',
      type: 'invalid_request_error',
      code: 'context_length_exceeded',
      param: 'messages',
    });
    expect(events).toEqual([]);
  });

  it('is refused with the time to wait when the engine is full or going down', async () => {
    await start({ refuse: { status: 429, code: 'queue_full', retryAfter: '7' } });
    expect(await follow().ended).toMatchObject({ status: 429, type: 'rate_limit_error', headers: { 'retry-after': '7' } });
  });

  it('is an error of ours when the engine refuses the gateway itself', async () => {
    await start({ refuse: { status: 401, code: 'invalid_api_key' } });
    expect(await follow().ended).toMatchObject({ status: 500, type: 'server_error', code: 'internal_error' });
  });

  it('tells that the first token did not come in time, and frees the engine', async () => {
    await start({ firstTokenDelayMs: 3_600_000 }, { FIRST_TOKEN_TIMEOUT_SECONDS: '0.2' });
    const { events, ended } = follow();
    expect(await ended).toMatchObject({ status: 503, code: 'engine_timeout', message: expect.stringContaining('first') });
    expect(events).toEqual([{ type: 'admitted', promptTokens: 9 }]);
    await seen(({ aborted }) => aborted === 1);
  });

  it('counts the wait for admission into the time of the first token', async () => {
    await start({ admitDelayMs: 3_600_000 }, { FIRST_TOKEN_TIMEOUT_SECONDS: '0.2' });
    const { events, ended } = follow();
    expect(await ended).toMatchObject({ code: 'engine_timeout' });
    expect(events).toEqual([]);
  });

  it('tells that the next token did not come in time', async () => {
    await start({ stallAfterTokens: 2 }, { TOKEN_TIMEOUT_SECONDS: '0.2' });
    const { events, ended } = follow();
    expect(await ended).toMatchObject({ status: 503, code: 'engine_timeout', message: expect.stringContaining('next') });
    expect(textOf(events)).toBe('The quick');
  });

  it('tells the error that the engine sends in mid-stream', async () => {
    await start({ errorAfterTokens: 2 });
    const { events, ended } = follow();
    expect(await ended).toMatchObject({ type: 'server_error', code: 'internal_error', message: expect.stringContaining('told to fail') });
    expect(textOf(events)).toBe('The quick');
  });

  it('tells that the stream was cut when it ends without its last line', async () => {
    await start({ cutAfterTokens: 2 });
    const { events, ended } = follow();
    expect(await ended).toMatchObject({ status: 503, type: 'server_error', code: 'engine_unavailable' });
    expect(textOf(events)).toBe('The quick');
  });

  it('tells of the death of the engine, after all that it had sent; the next one is served', async () => {
    await start({ lives: [{ crashAfterTokens: 4 }, {}] });
    const { events, ended } = follow();
    expect(await ended).toMatchObject({ status: 503, code: 'engine_unavailable' });
    expect(textOf(events)).toBe('The quick brown fox');
    await fake.until(({ state, restarts }) => state === 'ready' && restarts === 1);
    expect(textOf(await generate())).toBe('The quick brown fox jumps over the lazy dog.');
  });

  it('is refused while the model loads, while the engine comes back, and once it has failed', async () => {
    fake = await SupervisedFake.start({ lives: [{ loadMs: 100 }, { exitBeforeReady: 78 }] });
    expect(await follow().ended).toMatchObject({ status: 503, code: 'model_loading' });
    await fake.reached('loading');
    expect(await follow().ended).toMatchObject({ status: 503, code: 'model_loading' });
    process.kill((await fake.reached('ready')).pid!, 'SIGKILL');
    await fake.reached('starting');
    expect(await follow().ended).toMatchObject({ status: 503, code: 'engine_unavailable', headers: { 'retry-after': '2' } });
    await fake.reached('failed');
    expect(await follow().ended).toMatchObject({ status: 503, code: 'engine_unavailable', headers: { 'retry-after': '30' } });
  });
});
