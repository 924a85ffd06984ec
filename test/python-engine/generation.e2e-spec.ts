import { afterEach, describe, expect, it } from '@jest/globals';
import { lastValueFrom, toArray } from 'rxjs';
import type { GenerateEvent, GenerateRequest } from '../../src/python-engine/worker.js';
import { countsOf, type FakeEngineScript } from '../fake-engine/fake-engine.js';
import { FollowedGeneration, textOf } from './followed-generation.js';
import { generateRequest } from './generate-request.js';
import { SupervisedFake } from './supervised-fake.js';

let fake: SupervisedFake;

async function start(script: FakeEngineScript = {}, environment: Record<string, string> = {}): Promise<void> {
  fake = await SupervisedFake.start(script, { environment });
  await fake.reached('ready');
}

const generate = (fields: Partial<GenerateRequest> = {}): Promise<GenerateEvent[]> =>
  lastValueFrom(fake.pool.generate(generateRequest(fields)).pipe(toArray()));

const follow = (): FollowedGeneration => new FollowedGeneration(fake.pool);

afterEach(() => fake.close());

describe('a generation', () => {
  it('tells its admission, its chunks and its usage in this order, and completes', async () => {
    await start({ reply: 'one two' });
    expect(await generate()).toEqual([
      { type: 'admitted', promptTokens: 9, worker: 'worker-0' },
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
      prompt: { messages: [{ role: 'user', content: 'Hi' }] },
      sampling: {
        temperature: 0,
        topK: -1,
        topP: 0.5,
        seed: 9223372036854775807n,
        maxTokens: 3,
        stop: ['x'],
        ignoreEos: true,
      },
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
    await start({ tokenDelayMs: 60, maxRunning: 64 }, { HANG_SECONDS: '2' });
    const answers = await Promise.all(Array.from({ length: 40 }, () => generate()));
    expect(new Set(answers.map((events) => textOf(events)))).toEqual(
      new Set(['The quick brown fox jumps over the lazy dog.']),
    );
    expect(fake.history).not.toContain('hung');
    expect(fake.worker.restarts).toBe(0);
  });

  it('is aborted in the engine when its subscriber goes away in mid-stream', async () => {
    await start({ stallAfterTokens: 2 });
    const generation = follow();
    await generation.count(3);
    expect((await countsOf(fake.port)).open).toBe(1);
    generation.unsubscribe();
    expect(await fake.seen(({ aborted }) => aborted === 1)).toMatchObject({ open: 0, finished: 0 });
    expect(generation.events).toHaveLength(3);
  });

  it('is aborted in the engine when its subscriber goes away before admission', async () => {
    await start({ admitDelayMs: 3_600_000 });
    const generation = follow();
    await fake.seen(({ open }) => open === 1);
    generation.unsubscribe();
    expect(await fake.seen(({ aborted }) => aborted === 1)).toMatchObject({ open: 0 });
  });

  it('never reaches the engine when its subscriber goes away at once', async () => {
    await start();
    follow().unsubscribe();
    await generate();
    expect(await countsOf(fake.port)).toMatchObject({ requests: 1, finished: 1, aborted: 0 });
  });
});
