import { describe, expect, it } from '@jest/globals';
import { BoundedLabel } from './bounded-label.js';

describe('a bounded label', () => {
  it('keeps the first values and calls what is more, or no plain word, other', () => {
    const label = new BoundedLabel(2);
    expect(['stop', 'length', 'abort', 'stop'].map((value) => label.of(value))).toEqual([
      ...['stop', 'length', 'other', 'stop'],
    ]);
    expect(new BoundedLabel().of('A "text" of somebody')).toBe('other');
  });
});
