import { isObject } from './check-dto.js';
import { checkedBy } from './checked-by.js';

const MOST = 300;
/** Written in one way only, so that none is given twice. */
const TOKEN_ID = /^(0|[1-9]\d{0,8})$/;

/** Token ids to -100 to 100, at most 300. */
export const IsLogitBias = (): PropertyDecorator => checkedBy('isLogitBias', problemOf);

function problemOf(value: unknown): string | null {
  if (!isObject(value)) return 'expected an object of token ids to numbers';
  const biases = Object.entries(value);
  if (biases.length > MOST) return `expected at most ${MOST} token ids`;
  for (const [id, bias] of biases) {
    if (!TOKEN_ID.test(id)) return `expected token ids as keys, but got '${id.slice(0, 40)}'`;
    if (typeof bias !== 'number' || bias < -100 || bias > 100) return `expected a number from -100 to 100 for ${id}`;
  }
  return null;
}
