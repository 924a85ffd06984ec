import { describe, expect, it } from '@jest/globals';
import type { GenerateEvent, GenerateRequest } from '../worker.js';
import { OpenAIStream } from './openai-stream.js';

const stream = (fields: Partial<GenerateRequest> = {}): OpenAIStream =>
  new OpenAIStream(
    {
      ...{ requestId: 'r', prompt: { messages: [{ role: 'user', content: 'x' }] }, sampling: { seed: 1 } },
      ...{ n: 1, calculator: false },
      ...fields,
    },
    'engine-0',
  );

const data = (value: unknown): string => `data: ${typeof value === 'string' ? value : JSON.stringify(value)}`;
const text = (content: string, more: object = {}): string =>
  data({ choices: [{ index: 0, delta: { content }, finish_reason: null, ...more }] });
const END = data({ choices: [{ index: 0, delta: {}, finish_reason: 'stop' }] });
const USAGE = data({ choices: [], usage: { prompt_tokens: 3, completion_tokens: 2 } });
const usage = { type: 'usage', promptTokens: 3, completionTokens: 2, cachedTokens: 0 };

const read = (reader: OpenAIStream, ...lines: string[]): GenerateEvent[] =>
  lines.flatMap((line) => [...reader.line(line).events]);

describe('a stream of an OpenAI-compatible engine', () => {
  it('counts characters as we do, and leaves out what is no text', () => {
    const reader = stream();
    const events = read(reader, ': ping', 'event: x', text(''), text('a🦊'), text('b'), END, USAGE);
    expect(events.map((event) => (event.type === 'chunk' ? event.choices[0] : event))).toMatchObject([
      { text: 'a🦊', textOffset: 2, finishReason: null },
      { text: 'b', textOffset: 3 },
      { text: '', finishReason: 'stop' },
      usage,
    ]);
    expect(reader.line(data('[DONE]'))).toEqual({ events: [], whole: true });
  });

  it('is whole with its usage, also where that comes with the end and nothing after it', () => {
    const reader = stream();
    const last = {
      choices: [{ delta: {}, finish_reason: 'length' }],
      usage: { prompt_tokens: 3, completion_tokens: 2 },
    };
    expect(reader.line(text('a')).whole).toBe(false);
    expect(reader.line(data(last))).toMatchObject({ events: [{ type: 'chunk' }, usage], whole: true });
    expect(reader.line(USAGE)).toEqual({ events: [], whole: true });
  });

  it.each([
    ['without a usage', [text('a'), END, data('[DONE]')], /usage/],
    ['with fewer choices than asked for', [text('a'), END, USAGE, data('[DONE]')], /the end of 2 choices/],
    ['with no JSON', [data('{"choi')], /not a JSON object/],
    ['with an error', [text('a'), data({ error: { message: 'no memory', code: 500 } })], /failed in the middle/],
    ['with an error as a text', [data({ error: 'no memory' })], /failed in the middle/],
    ['broken off', [data({ choices: [{ delta: {}, finish_reason: 'abort' }] })], /broke off/],
    ['ended for a reason of its own', [data({ choices: [{ delta: {}, finish_reason: 'censored' }] })], /reason/],
    [
      'that counts below nothing',
      [text('a'), END, data({ usage: { prompt_tokens: -1, completion_tokens: 1 } })],
      /counted/,
    ],
    [
      'that counts with texts',
      [text('a'), END, data({ usage: { prompt_tokens: 1, completion_tokens: '1' } })],
      /counted/,
    ],
    ['with ids that are none', [text('a', { token_ids: [1.5] })], /token ids/],
  ])('%s is a failure of the engine', (what, lines, message) => {
    const reader = stream({ n: what.includes('fewer') ? 2 : 1 });
    expect(() => read(reader, ...lines)).toThrow(
      expect.objectContaining({ status: 503, message: expect.stringMatching(message) }),
    );
  });

  it('tells the client what is wrong with the request, also after its 200', () => {
    const told = data({ error: { message: 'no such grammar', type: 'BadRequestError', code: 400 } });
    expect(() => read(stream(), told)).toThrow(expect.objectContaining({ status: 400, message: 'no such grammar' }));
  });

  it('has to have what was asked for', () => {
    expect(() => read(stream({ tokenIds: true }), text('a'))).toThrow(/token ids/);
    expect(() => read(stream({ sampling: { seed: 1, logprobs: 0 } }), text('a'))).toThrow(/log-probabilities/);
  });

  it('reads log-probabilities of both forms, the likeliest first and no more of them than asked for', () => {
    const chat = { content: [{ token: 'a', logprob: -1, bytes: [97], top_logprobs: [{ token: 'b', logprob: -2 }] }] };
    const [first] = read(stream({ sampling: { seed: 1, logprobs: 1 } }), text('a', { logprobs: chat }));
    expect(first).toMatchObject({
      choices: [{ logprobs: [{ bytes: [97], logprob: -1, top: [{ bytes: [98], logprob: -2 }] }] }],
    });
    const completion = {
      ...{ tokens: ['bytes:\\xe2\\x80'], token_logprobs: [-1] },
      top_logprobs: [{ c: -3, b: -2, d: -4 }],
    };
    const [second] = read(stream({ sampling: { seed: 1, logprobs: 2 } }), text('a', { logprobs: completion }));
    expect(second).toMatchObject({
      choices: [{ logprobs: [{ bytes: [0xe2, 0x80], top: [{ bytes: [98] }, { bytes: [99] }] }] }],
    });
  });

  it('tells the string that ended it, where the engine does', () => {
    const ended = text('', { finish_reason: 'stop', stop_reason: 'END' });
    expect(read(stream(), text('a'), ended).at(-1)).toMatchObject({ choices: [{ stop: 'END' }] });
  });
});
