import { checkedBy } from './checked-by.js';

const HIGHEST = 2n ** 63n - 1n;

/** A whole number from 0 to 2^63-1; beyond 2^53 the body's parser gives a bigint, since a number would be rounded. */
export const IsSeed = (): PropertyDecorator =>
  checkedBy('isSeed', (value) => (isSeed(value) ? null : 'expected a whole number from 0 to 2^63-1'));

function isSeed(value: unknown): boolean {
  if (typeof value === 'bigint') return value >= 0n && value <= HIGHEST;
  return Number.isSafeInteger(value) && (value as number) >= 0;
}
