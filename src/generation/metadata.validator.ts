import { registerDecorator } from 'class-validator';
import { isObject } from './check-dto.js';

/** OpenAI's bounds: at most 16 pairs, keys of up to 64 and values of up to 512 characters. */
export function IsMetadata(): PropertyDecorator {
  return (target, propertyName) =>
    registerDecorator({
      name: 'isMetadata',
      target: target.constructor,
      propertyName: String(propertyName),
      options: { message: 'expected at most 16 pairs of a name of up to 64 and a string of up to 512 characters' },
      validator: { validate: isMetadata },
    });
}

function isMetadata(value: unknown): boolean {
  if (!isObject(value)) return false;
  const pairs = Object.entries(value);
  return (
    pairs.length <= 16 &&
    pairs.every(([name, text]) => name.length <= 64 && typeof text === 'string' && text.length <= 512)
  );
}
