import { afterEach, describe, expect, it } from '@jest/globals';
import type { FakeEngineScript } from '../fake-engine/fake-engine.js';
import { chunksOf, eventsOf } from './event-lines.js';
import { CHAT, ServedGateway } from './served-gateway.js';

let gateway: ServedGateway;

const start = async (script: FakeEngineScript = {}, environment: Record<string, string> = {}): Promise<void> => {
  gateway = await ServedGateway.start(script, environment);
};

afterEach(() => gateway.close());

describe('a streamed chat completion', () => {
  it('sends role, text, finish and [DONE] in this order, all with one id', async () => {
    await start({ reply: 'one two' });
    const answer = await gateway.post({ ...CHAT, stream: true });
    expect(answer.status).toBe(200);
    expect(answer.headers.get('content-type')).toBe('text/event-stream; charset=utf-8');
    expect(answer.headers.get('cache-control')).toBe('no-cache');
    expect(answer.headers.get('x-accel-buffering')).toBe('no');
    const chunks = chunksOf(await answer.text());
    expect(chunks.map(({ choices }) => choices[0])).toEqual([
      { index: 0, delta: { role: 'assistant', content: '', refusal: null }, logprobs: null, finish_reason: null },
      { index: 0, delta: { content: 'one' }, logprobs: null, finish_reason: null },
      { index: 0, delta: { content: ' two' }, logprobs: null, finish_reason: null },
      { index: 0, delta: {}, logprobs: null, finish_reason: 'stop' },
    ]);
    expect(
      new Set(chunks.map(({ id, created, model, object }) => JSON.stringify({ id, created, model, object }))).size,
    ).toBe(1);
    expect(chunks[0]).toMatchObject({ object: 'chat.completion.chunk', model: 'nanochat' });
    expect(chunks[0]?.id).toMatch(/^chatcmpl-/);
    expect(chunks.some((chunk) => 'usage' in chunk || 'error' in chunk)).toBe(false);
  });

  it('sends usage in one last chunk without choices when asked, and null in all others', async () => {
    await start({ reply: 'one two three', promptTokens: 7 });
    const answer = await gateway.post({ ...CHAT, stream: true, stream_options: { include_usage: true } });
    const chunks = chunksOf(await answer.text());
    expect(chunks.at(-1)).toMatchObject({
      choices: [],
      usage: {
        prompt_tokens: 7,
        completion_tokens: 3,
        total_tokens: 10,
        prompt_tokens_details: { cached_tokens: 0 },
        completion_tokens_details: { reasoning_tokens: 0 },
      },
    });
    expect(chunks.slice(0, -1).every(({ usage }) => usage === null)).toBe(true);
  });

  it('sends the role and the finish of every choice', async () => {
    await start({ reply: 'a b' });
    const chunks = chunksOf(await (await gateway.post({ ...CHAT, stream: true, n: 3 })).text());
    const choices = chunks.flatMap((chunk) => chunk.choices);
    expect(choices.slice(0, 3).map(({ index, delta }) => [index, delta.role])).toEqual([
      [0, 'assistant'],
      [1, 'assistant'],
      [2, 'assistant'],
    ]);
    expect(choices.filter(({ finish_reason }) => finish_reason === 'stop').map(({ index }) => index)).toEqual([
      0, 1, 2,
    ]);
  });

  it('carries text of any kind unharmed', async () => {
    const reply = 'line\\none "two" \u2028 🙂 é <|user_start|>';
    await start({ reply });
    const stream = await gateway.client().chat.completions.create({ ...CHAT, stream: true });
    let text = '';
    for await (const chunk of stream) text += chunk.choices[0]?.delta.content ?? '';
    expect(text).toBe(reply);
  });

  it('sends each chunk as soon as it is there', async () => {
    await start({ reply: 'one two three', stallAfterTokens: 1 });
    const answer = await gateway.post({ ...CHAT, stream: true });
    const reader = answer.body!.pipeThrough(new TextDecoderStream()).getReader();
    let text = '';
    while (!text.includes('"one"')) text += (await reader.read()).value ?? '';
    expect(text).not.toContain('two');
    await reader.cancel();
  });

  it('tells of a failure in mid-stream by an error event and [DONE], without a finish', async () => {
    await start({ errorAfterTokens: 2 });
    const chunks = chunksOf(await (await gateway.post({ ...CHAT, stream: true })).text());
    expect(chunks.at(-1)).toEqual({
      error: { message: 'the fake engine was told to fail', type: 'server_error', param: null, code: 'internal_error' },
    });
    expect(chunks.some(({ choices }) => choices?.some(({ finish_reason }) => finish_reason !== null))).toBe(false);
  });

  it.each(['cutAfterTokens', 'crashAfterTokens'])(
    'never passes half an answer off as a whole one (%s)',
    async (fault) => {
      await start({ lives: [{ [fault]: 3 }, {}] });
      const chunks = chunksOf(await (await gateway.post({ ...CHAT, stream: true })).text());
      expect(chunks.at(-1)?.error).toMatchObject({ type: 'server_error', code: 'engine_unavailable' });
      expect(chunks.at(-1)?.error?.message).not.toBe('');
    },
  );

  it('lets the SDK see the failure as an error', async () => {
    await start({ errorAfterTokens: 2 });
    const stream = await gateway.client().chat.completions.create({ ...CHAT, stream: true });
    await expect(
      (async () => {
        for await (const _chunk of stream);
      })(),
    ).rejects.toThrow('the fake engine was told to fail');
  });

  it('refuses what the engine refuses with its real status, before any header of a stream', async () => {
    const message = 'This model has a context of 2048 tokens.';
    await start({ refuse: { status: 400, code: 'context_length_exceeded', message, param: 'messages' } });
    const answer = await gateway.post({ ...CHAT, stream: true });
    expect(answer.status).toBe(400);
    expect(answer.headers.get('content-type')).toMatch('application/json');
    expect(await answer.json()).toEqual({
      error: { message, type: 'invalid_request_error', param: 'messages', code: 'context_length_exceeded' },
    });
  });

  it('answers a failure before the first chunk with its real status', async () => {
    await start({ cutAfterTokens: 0 });
    const answer = await gateway.post({ ...CHAT, stream: true });
    expect(answer.status).toBe(503);
    expect(await answer.json()).toMatchObject({ error: { code: 'engine_unavailable' } });
  });

  it('sends the headers and a ping when the first token is long in coming, and pings in silence', async () => {
    await start({ firstTokenDelayMs: 700, reply: 'late' }, { PING_SECONDS: '0.2' });
    const answer = await gateway.post({ ...CHAT, stream: true });
    expect(answer.status).toBe(200);
    const text = await answer.text();
    const events = eventsOf(text);
    expect(events.slice(0, 2)).toEqual([': ping', ': ping']);
    expect(chunksOf(text).some(({ choices }) => choices[0]?.delta.content === 'late')).toBe(true);
  });
});
