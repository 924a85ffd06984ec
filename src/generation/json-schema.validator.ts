import { isObject } from './check-dto.js';
import { checkedBy } from './checked-by.js';

/** The engine takes no deeper one either; what is deeper could not even be written out again. */
const DEEPEST = 64;

/**
 * A JSON schema as an object; whether it can be followed is for the engine's compiler to say. `ofArguments`: it describes a
 * function's arguments, which are an object.
 */
export const IsJsonSchema = ({ ofArguments = false } = {}): PropertyDecorator =>
  checkedBy('isJsonSchema', (value) => schemaProblem(value) ?? (ofArguments ? noObject(value) : null));

export function schemaProblem(value: unknown): string | null {
  if (!isObject(value)) return 'expected a JSON schema as an object';
  if (!isNestedWithin(value, DEEPEST)) return `expected a JSON schema that is nested at most ${DEEPEST} deep`;
  return isExact(value)
    ? null
    : 'expected a JSON schema of well-formed Unicode and of numbers that a double can hold, integers below 2^53';
}

/**
 * Whether it is what was written, and JSON can say it again: a number beyond a double has become infinite, an integer from 2^53 on
 * may have been rounded, half a surrogate pair is no character.
 */
function isExact(value: unknown): boolean {
  if (typeof value === 'number') return Number.isFinite(value) && !mayBeRounded(value);
  if (typeof value === 'string') return value.isWellFormed();
  if (typeof value !== 'object' || value === null) return true;
  return Object.entries(value).every(([name, item]) => name.isWellFormed() && isExact(item));
}

/** From 1e21 on an integer is written as a fraction is: nobody means each of its digits. */
function mayBeRounded(value: number): boolean {
  return Number.isInteger(value) && !Number.isSafeInteger(value) && Math.abs(value) < 1e21;
}

export function noObject(value: unknown): string | null {
  const { type = 'object' } = value as { type?: unknown };
  return type === 'object' ? null : "expected a JSON schema of type 'object'";
}

/** Level by level, since a recursion would meet the depth that it is to find. */
export function isNestedWithin(value: unknown, deepest: number): boolean {
  let level: unknown[] = [value];
  for (let depth = 0; level.length > 0; depth++) {
    if (depth > deepest) return false;
    level = level.flatMap((item) =>
      typeof item === 'object' && item !== null ? (Object.values(item) as unknown[]) : [],
    );
  }
  return true;
}
