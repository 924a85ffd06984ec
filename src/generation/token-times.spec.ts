import { describe, expect, it } from '@jest/globals';
import type { GenerateEvent } from '../python-engine/worker.js';
import { GenerationRecord } from './generation-record.js';
import { TokenTimes } from './token-times.js';

const counted = ({ bounds, counts }: TokenTimes): Record<string, number> =>
  Object.fromEntries(
    [...bounds, Infinity].map((bound, i) => [bound, counts[i]!] as const).filter(([, count]) => count),
  );

const chunk = (...choices: number[][]): GenerateEvent => ({
  type: 'chunk',
  choices: choices.map((tokenIds, index) => ({ index, tokenIds, text: '', textOffset: 0, finishReason: null })),
});

describe('times between tokens', () => {
  it('fall into the first bucket that is not below them', () => {
    const times = new TokenTimes();
    times.next(0.001, 1, 1);
    times.next(0.0011, 1, 1);
    times.next(60, 1, 1);
    expect(counted(times)).toEqual({ '0.001': 1, '0.002': 1, Infinity: 1 });
    expect(times.seconds).toBeCloseTo(60.0021);
  });

  it('are shared among tokens that came together', () => {
    const times = new TokenTimes();
    times.next(0.04, 4, 4);
    expect(counted(times)).toEqual({ '0.01': 4 });
  });

  it('are counted a step of a generation, tokens a choice; the first token has none before it', () => {
    const [times, record] = [new TokenTimes(), new GenerationRecord('id', 'nanochat', true, 2)];
    record.take(chunk([1], [1]), times);
    expect(times).toMatchObject({ tokens: 2, seconds: 0 });
    record.take(chunk([2, 3], [2]), times);
    expect(times.tokens).toBe(5);
    expect(times.counts.reduce((sum, count) => sum + count)).toBe(2);
  });

  it('leave out what brings text alone', () => {
    const [times, record] = [new TokenTimes(), new GenerationRecord('id', 'nanochat', true, 1)];
    record.take(chunk([1]), times);
    record.take(chunk([]), times);
    expect(times.tokens).toBe(1);
    expect(counted(times)).toEqual({});
  });
});
