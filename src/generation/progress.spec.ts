import { describe, expect, it } from '@jest/globals';
import type { ChoiceChunk, GenerateEvent, GenerateRequest } from '../python-engine/worker.js';
import { GenerationProgress } from './progress.js';

const REQUEST: GenerateRequest = {
  ...{ requestId: 'r', prompt: { text: 'x' }, sampling: { seed: 1 }, n: 2, calculator: false },
};

const chunk = (...choices: Partial<ChoiceChunk>[]): GenerateEvent => ({
  type: 'chunk',
  choices: choices.map((choice) => ({
    ...{ index: 0, tokenIds: [], text: '', textOffset: 0, finishReason: null },
    ...choice,
  })),
});

const admitted: GenerateEvent = { type: 'admitted', promptTokens: 9 };

describe('the progress of a generation', () => {
  it('asks for the same again while there is no token', () => {
    const progress = new GenerationProgress(REQUEST);
    progress.take(admitted);
    expect(progress.rest()).toBe(REQUEST);
  });

  it('asks for the rest of every choice that has not finished, also of one that has not begun', () => {
    const progress = new GenerationProgress(REQUEST);
    progress.take(chunk({ tokenIds: [5, 6], textOffset: 3 }));
    progress.take(chunk({ tokenIds: [7], textOffset: 4 }));
    expect(progress.rest().resume).toEqual([
      { index: 0, tokenIds: [5, 6, 7], textOffset: 4 },
      { index: 1, tokenIds: [], textOffset: 0 },
    ]);
  });

  it('leaves out a choice that has finished, and counts its tokens into the usage', () => {
    const progress = new GenerationProgress(REQUEST);
    progress.take(chunk({ tokenIds: [5, 6], textOffset: 3, finishReason: 'stop' }));
    progress.take(chunk({ index: 1, tokenIds: [8], textOffset: 2 }));
    expect(progress.rest().resume).toEqual([{ index: 1, tokenIds: [8], textOffset: 2 }]);
    const usage = { type: 'usage' as const, promptTokens: 9, completionTokens: 4, cachedTokens: 0 };
    expect(progress.take(usage)).toEqual({ ...usage, completionTokens: 6 });
  });

  it('tells of admission and prompt once', () => {
    const progress = new GenerationProgress(REQUEST);
    const prompt: GenerateEvent = { type: 'prompt', tokenIds: [1], text: 'x', logprobs: null };
    expect([admitted, prompt, admitted, prompt].map((event) => progress.take(event))).toEqual([
      ...[admitted, prompt, null, null],
    ]);
  });

  it('is complete once every choice has finished, and then knows the usage itself', () => {
    const progress = new GenerationProgress(REQUEST);
    progress.take(admitted);
    progress.take(chunk({ tokenIds: [5], finishReason: 'stop' }));
    expect(progress.complete).toBe(false);
    progress.take(chunk({ index: 1, tokenIds: [5, 6], finishReason: 'length' }));
    expect(progress.complete).toBe(true);
    expect(progress.usage()).toEqual({ type: 'usage', promptTokens: 9, completionTokens: 3, cachedTokens: 0 });
  });
});
