import { describe, expect, it } from '@jest/globals';
import { MemoryBudget } from './memory-budget.js';

const judged = (looks: readonly (number | null)[], limit: number | null = 100): (string | null)[] => {
  const budget = new MemoryBudget(limit);
  return looks.map((bytes) => budget.judge(bytes));
};

describe('MemoryBudget', () => {
  it('is exceeded at the third look in a row that is over it', () => {
    expect(judged([100, 101, 200, 101, 300])).toEqual([null, null, null, 'exceeded', 'exceeded']);
  });

  it('forgets a peak that is over', () => {
    expect(judged([50, 101, 101, 100, 101, 101, 101])).toEqual([null, null, null, null, null, null, 'exceeded']);
  });

  it('is too small where an engine was over it from the first look on', () => {
    expect(judged([101, 101, 101])).toEqual([null, null, 'too-small']);
  });

  it('says nothing where there is none, or nobody knows the memory', () => {
    expect(judged([1e12, 1e12, 1e12], null)).toEqual([null, null, null]);
    expect(judged([null, null, null, null])).toEqual([null, null, null, null]);
  });
});
