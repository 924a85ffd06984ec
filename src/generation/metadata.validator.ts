import { isObject } from './check-dto.js';
import { checkedBy } from './checked-by.js';

/** OpenAI's bounds: at most 16 pairs, keys of up to 64 and values of up to 512 characters. */
export const IsMetadata = (): PropertyDecorator =>
  checkedBy('isMetadata', (value) =>
    isMetadata(value) ? null : 'expected at most 16 pairs of a name of up to 64 and a string of up to 512 characters',
  );

function isMetadata(value: unknown): boolean {
  if (!isObject(value)) return false;
  const pairs = Object.entries(value);
  return (
    pairs.length <= 16 &&
    pairs.every(([name, text]) => name.length <= 64 && typeof text === 'string' && text.length <= 512)
  );
}
