import { describe, expect, it } from '@jest/globals';
import type { AnswerShape } from './answer-shape.js';
import { ChunkWriter } from './chunk-writer.js';

const identity = { id: 'chatcmpl-1', created: 7, model: 'a "quoted" name', fingerprint: null };
const choice = (text: string, finishReason: 'stop' | 'length' | null = null, index = 0) => ({
  ...{ index, tokenIds: [1], text, textOffset: text.length, finishReason },
});

const shape: AnswerShape = {
  ...{ n: 1, usage: false, continuousUsage: false, logprobs: false, tokenIds: false, stopTokenIds: [] },
  ...{ calculator: true, tools: false, named: false },
};

const chunk = (choices: ReturnType<typeof choice>[]) => ({ type: 'chunk' as const, choices });

const chunks = (events: string): unknown[] =>
  events
    .split('\n\n')
    .slice(0, -1)
    .map((event) => JSON.parse(event.replace(/^data: /, '')) as unknown);

describe('ChunkWriter', () => {
  it('encodes every chunk as JSON on one line', () => {
    const writer = new ChunkWriter(identity, shape);
    const text = 'a\n"b"\u2028\\ 🙂';
    expect(chunks(writer.event(chunk([choice(text, 'stop')])))).toEqual([
      expect.objectContaining({
        choices: [expect.objectContaining({ delta: { role: 'assistant', content: '', refusal: null } })],
      }),
      expect.objectContaining({
        model: identity.model,
        choices: [expect.objectContaining({ delta: { content: text } })],
      }),
      expect.objectContaining({ choices: [expect.objectContaining({ delta: {}, finish_reason: 'stop' })] }),
    ]);
  });

  it('has no chunk for tokens that have no text', () => {
    const writer = new ChunkWriter(identity, shape);
    writer.event(chunk([choice('a')]));
    expect(writer.event(chunk([choice('')]))).toBe('');
  });

  it('has usage only when it was asked for', () => {
    const usage = { type: 'usage' as const, promptTokens: 1, completionTokens: 2, cachedTokens: 1 };
    expect(new ChunkWriter(identity, shape).event(usage)).toBe('');
    expect(chunks(new ChunkWriter(identity, { ...shape, usage: true }).event(usage))).toMatchObject([
      { choices: [], usage: { total_tokens: 3, prompt_tokens_details: { cached_tokens: 1 } } },
    ]);
  });

  it('does not call an answer whole that has a choice without an end', () => {
    const writer = new ChunkWriter(identity, { ...shape, n: 2 });
    writer.event(chunk([choice('a', 'stop', 0), choice('b', null, 1)]));
    expect(() => writer.done()).toThrow('before it was complete');
    writer.event(chunk([choice('', 'length', 1)]));
    expect(writer.done()).toBe('data: [DONE]\n\n');
  });
});
