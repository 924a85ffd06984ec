import type { Schema } from '../api-docs/schema.js';
import { isObject } from '../generation/check-dto.js';
import { checkedBy } from '../generation/checked-by.js';
import { NAME } from './response-format.dto.js';

export type ToolChoiceField = 'none' | 'auto' | 'required' | { type: 'function'; function: { name: string } };

const WORDS: readonly unknown[] = ['none', 'auto', 'required'];

const exactly = (properties: Record<string, Schema>): Schema => ({
  type: 'object',
  properties,
  required: Object.keys(properties),
  additionalProperties: false,
});

/** The same for the API's document. */
export const TOOL_CHOICE: Schema = {
  anyOf: [
    { enum: WORDS },
    exactly({ type: { enum: ['function'] }, function: exactly({ name: { type: 'string', pattern: NAME.source } }) }),
  ],
};

/** A word, or one function by its name. */
export const IsToolChoice = (): PropertyDecorator =>
  checkedBy('isToolChoice', (value) =>
    WORDS.includes(value) || isNamed(value)
      ? null
      : `expected 'none', 'auto', 'required' or {"type": "function", "function": {"name": ...}}`,
  );

function isNamed(value: unknown): boolean {
  if (!isObject(value) || value['type'] !== 'function' || Object.keys(value).length !== 2) return false;
  const named = value['function'];
  if (!isObject(named) || Object.keys(named).length !== 1) return false;
  return typeof named['name'] === 'string' && NAME.test(named['name']);
}
