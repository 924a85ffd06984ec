import { describe, expect, it } from '@jest/globals';
import { deeperThan } from './json-depth.js';

describe('deeperThan', () => {
  it.each([
    ['{"a":[{}]}', 3],
    ['[[],[],[[]]]', 3],
    ['"[[[["', 0],
    [String.raw`["\"[[[","\\",[]]`, 2],
    ['1', 0],
  ])('finds %s nested %d deep', (text, depth) => {
    expect(deeperThan(text, depth)).toBe(false);
    if (depth > 0) expect(deeperThan(text, depth - 1)).toBe(true);
  });

  it.each(['"', '"\\"', '{"a', ']]]]', ''])('takes %j, which is no JSON, without harm', (text) => {
    expect(deeperThan(text, 1)).toBe(false);
  });

  it('takes a long run of backslashes in time that grows with its length', () => {
    expect(deeperThan(`["${'\\'.repeat(1_000_000)}"]`, 1)).toBe(false);
  });
});
