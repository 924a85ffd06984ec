import { describe, expect, it } from '@jest/globals';
import { exactSeed } from './json-body.js';

const seedOf = (text: string): unknown => (exactSeed(text, JSON.parse(text)) as { seed: unknown }).seed;

describe('exactSeed', () => {
  it('leaves a seed that a number can hold', () => {
    expect(seedOf('{"seed": 9007199254740991}')).toBe(9007199254740991);
  });

  it('reads a larger one to the last digit', () => {
    expect(seedOf('{"seed": 9007199254740993}')).toBe(9007199254740993n);
    expect(seedOf('{"seed": -9223372036854775808}')).toBe(-9223372036854775808n);
  });

  it('is not misled by a seed elsewhere in the body', () => {
    expect(seedOf('{"seed": 9007199254740993, "metadata": {"seed": 9007199254740992, "": 1}}')).toBe(9007199254740993n);
    expect(seedOf('{"metadata": {"seed": 9007199254740992}, "seed": 9007199254740993}')).toBe(9007199254740993n);
  });

  it('does not make a whole number of what was written as a fraction', () => {
    expect(seedOf('{"seed": 1e300}')).toBe(1e300);
  });
});
