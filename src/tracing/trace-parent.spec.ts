import { describe, expect, it } from '@jest/globals';
import { trace } from '@opentelemetry/api';
import { contextOf, traceparentOf } from './trace-parent.js';

const ID = '0af7651916cd43dd8448eb211c80319c';
const GOOD = `00-${ID}-b7ad6b7169203331-01`;

describe('traceparent', () => {
  it('is read and written again as it was', () => {
    expect(traceparentOf(trace.getSpanContext(contextOf(GOOD))!)).toBe(GOOD);
  });

  it.each([
    undefined,
    'nonsense',
    `ff-${ID}-b7ad6b7169203331-01`,
    `00-${'0'.repeat(32)}-b7ad6b7169203331-01`,
    `00-${ID}-${'0'.repeat(16)}-01`,
    `00-${ID}-b7ad6b7169203331`,
  ])('that is %s is as none', (header) => {
    expect(trace.getSpanContext(contextOf(header))).toBeUndefined();
  });
});
