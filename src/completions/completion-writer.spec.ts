import { describe, expect, it } from '@jest/globals';
import type { CompletionShape } from './completion-shape.js';
import { CompletionWriter } from './completion-writer.js';

const identity = { id: 'cmpl-1', created: 7, model: 'nanochat', fingerprint: null };
const shape: CompletionShape = {
  ...{ prompts: 2, n: 1, echo: false, logprobs: false, tokenIds: false, usage: false, continuousUsage: false },
};
const chunk = (index: number, text: string, finishReason: 'stop' | 'length' | null = null) => ({
  type: 'chunk' as const,
  choices: [{ index, tokenIds: [1], text, textOffset: text.length, finishReason }],
});

describe('CompletionWriter', () => {
  it('does not call an answer whole that has a choice without an end', () => {
    const writer = new CompletionWriter(identity, shape);
    writer.event(chunk(0, 'a', 'stop'));
    writer.event(chunk(1, 'b'));
    expect(() => writer.done()).toThrow('before it was complete');
    writer.event(chunk(1, '', 'length'));
    expect(writer.done()).toBe('data: [DONE]\n\n');
  });

  it('counts the tokens of each choice alone where every chunk tells the usage so far', () => {
    const writer = new CompletionWriter(identity, { ...shape, usage: true, continuousUsage: true });
    writer.event({ type: 'admitted', prompt: 0, promptTokens: 3 });
    writer.event({ type: 'admitted', prompt: 1, promptTokens: 5 });
    writer.event(chunk(1, 'a'));
    const second = JSON.parse(writer.event(chunk(1, 'b')).replace(/^data: /, '')) as object;
    expect(second).toMatchObject({
      choices: [{ index: 1, text: 'b' }],
      usage: { prompt_tokens: 5, completion_tokens: 2, total_tokens: 7 },
    });
  });
});
