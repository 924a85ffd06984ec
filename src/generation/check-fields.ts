import { unknownParameter, unsupportedParameter } from '../openai/error-catalogue.js';
import { isObject } from './check-dto.js';

type Neutral = ReadonlyMap<string, (value: unknown) => boolean>;

/**
 * The supported fields of `object`, without those that are null. Throws 400 unsupported_parameter for a field that would
 * change the answer, and unknown_parameter for one that nobody knows; `at` is put before the name.
 */
export function checkFields(
  object: object,
  supported: ReadonlySet<string>,
  neutral: Neutral,
  at = '',
): Record<string, unknown> {
  const taken: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(object)) {
    if (supported.has(name)) {
      if (value !== null) taken[name] = value;
      continue;
    }
    const param = `${at}${name}`;
    const isNeutral = neutral.get(name);
    if (isNeutral === undefined) throw unknownParameter(param.slice(0, 200));
    if (value !== null && !isNeutral(value)) {
      throw unsupportedParameter(
        param,
        `Unsupported parameter: '${param}' with this value is not supported by this server.`,
      );
    }
  }
  return taken;
}

/** What names a nested object's fields, and what it may hold besides. */
export interface NestedFields {
  supported: ReadonlySet<string>;
  neutral: Neutral;
}

/** A nested object as its DTO, its fields checked; `at` is put before their names. What is no object its validators refuse. */
export function nested<Dto extends object>(
  value: unknown,
  Class: new () => Dto,
  { supported, neutral }: NestedFields,
  at: string,
): unknown {
  return isObject(value) ? Object.assign(new Class(), checkFields(value, supported, neutral, at)) : value;
}
