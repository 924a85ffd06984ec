import { afterEach, describe, expect, it } from '@jest/globals';
import type { FakeEngineScript } from '../fake-engine/fake-engine.js';
import { CHAT, ServedGateway } from './served-gateway.js';

let gateway: ServedGateway;

const start = async (script: FakeEngineScript = {}, environment: Record<string, string> = {}): Promise<void> => {
  gateway = await ServedGateway.start(script, environment);
};

/** The body that the engine got last. */
const received = async (): Promise<Record<string, unknown> & { sampling: Record<string, unknown> }> => {
  const { bodies } = await gateway.seen(({ requests }) => requests > 0);
  return JSON.parse(bodies.at(-1)!) as Awaited<ReturnType<typeof received>>;
};

afterEach(() => gateway.close());

describe('a chat completion without a stream', () => {
  it('is one object with text, finish and usage', async () => {
    await start({ reply: 'one two', promptTokens: 5 });
    const answer = await gateway.client().chat.completions.create(CHAT);
    expect(answer).toMatchObject({
      object: 'chat.completion',
      model: 'nanochat',
      choices: [
        {
          index: 0,
          message: { role: 'assistant', content: 'one two', refusal: null },
          logprobs: null,
          finish_reason: 'stop',
        },
      ],
      usage: {
        prompt_tokens: 5,
        completion_tokens: 2,
        total_tokens: 7,
        prompt_tokens_details: { cached_tokens: 0 },
        completion_tokens_details: { reasoning_tokens: 0 },
      },
    });
    expect(answer.id).toMatch(/^chatcmpl-/);
    expect(Math.abs(answer.created - Date.now() / 1000)).toBeLessThan(60);
  });

  it('ends with finish_reason length at max_tokens', async () => {
    await start({ reply: 'one two three' });
    const answer = await gateway.client().chat.completions.create({ ...CHAT, max_tokens: 2 });
    expect(answer.choices[0]).toMatchObject({ finish_reason: 'length', message: { content: 'one two' } });
  });

  it('has as many choices as asked for', async () => {
    await start({ reply: 'one' });
    const answer = await gateway.client().chat.completions.create({ ...CHAT, n: 2 });
    expect(answer.choices.map(({ index, message }) => [index, message.content])).toEqual([
      [0, 'one'],
      [1, 'one'],
    ]);
  });

  it('is also served without /v1, and by the own name of the model', async () => {
    await start({ reply: 'one' });
    const answer = await gateway.post({ ...CHAT, model: 'fake' }, { path: '/chat/completions' });
    expect(await answer.json()).toMatchObject({ model: 'fake', choices: [{ message: { content: 'one' } }] });
  });

  it('has a system_fingerprint that stays the same', async () => {
    await start();
    const fingerprints = [];
    for (let i = 0; i < 2; i++) {
      fingerprints.push((await gateway.client().chat.completions.create(CHAT)).system_fingerprint);
    }
    expect(fingerprints[0]).toMatch(/^fp_[0-9a-f]+$/);
    expect(fingerprints[1]).toBe(fingerprints[0]);
  });

  it('is an error with its real status when the engine fails in the middle', async () => {
    await start({ cutAfterTokens: 2 });
    const answer = await gateway.post(CHAT);
    expect(answer.status).toBe(503);
    expect(answer.headers.get('retry-after')).toBe('1');
    expect(await answer.json()).toMatchObject({
      error: { type: 'server_error', code: 'engine_unavailable', param: null },
    });
  });
});

describe('what the engine is asked', () => {
  it('has the roles in order, developer as system, and text parts joined', async () => {
    await start();
    await gateway.post({
      model: 'nanochat',
      messages: [
        { role: 'developer', content: 'Be brief.' },
        {
          role: 'user',
          content: [
            { type: 'text', text: 'Hel' },
            { type: 'text', text: 'lo' },
          ],
        },
        { role: 'assistant', content: 'Hi', refusal: null, annotations: [], tool_calls: null },
        { role: 'user', content: 'Bye', name: 'Ann' },
      ],
    });
    expect((await received())['messages']).toEqual([
      { role: 'system', content: 'Be brief.' },
      { role: 'user', content: 'Hello' },
      { role: 'assistant', content: 'Hi' },
      { role: 'user', content: 'Bye' },
    ]);
  });

  it('has every sampling parameter as given, temperature 0 and all', async () => {
    await start();
    const sampling = { temperature: 0, top_p: 0.5, top_k: 7, seed: 42, max_tokens: 9, ignore_eos: true };
    await gateway.post({ ...CHAT, ...sampling, stop: 'END', n: 2, calculator: false });
    expect(await received()).toMatchObject({ sampling: { ...sampling, stop: ['END'] }, n: 2, calculator: false });
  });

  it('leaves what is absent or null to the engine, but always has a seed', async () => {
    await start();
    await gateway.post({ ...CHAT, temperature: null, stop: null, max_tokens: null, stream_options: null, n: null });
    const { sampling, n } = await received();
    expect(Object.keys(sampling)).toEqual(['seed']);
    expect(Number.isSafeInteger(sampling['seed'])).toBe(true);
    expect(n).toBe(1);
  });

  it('takes max_completion_tokens as max_tokens', async () => {
    await start();
    await gateway.post({ ...CHAT, max_completion_tokens: 11, max_tokens: 11 });
    expect((await received()).sampling).toMatchObject({ max_tokens: 11 });
  });

  it('has a seed beyond 2^53 to the last digit', async () => {
    await start();
    const body = JSON.stringify({ ...CHAT, seed: 0, metadata: { seed: '1' } }).replace(
      '"seed":0',
      '"seed":9223372036854775807',
    );
    expect((await gateway.post(body)).status).toBe(200);
    const { bodies } = await gateway.seen(({ requests }) => requests > 0);
    expect(bodies.at(-1)).toMatch(/"seed":9223372036854775807\b/);
  });
});
