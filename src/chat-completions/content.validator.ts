import { checkedBy } from '../generation/checked-by.js';
import type { TextPart } from './text-part.js';

/** Content is a string or an array of text parts, of well-formed text: half a surrogate pair has no UTF-8. */
export const IsContent = (): PropertyDecorator => checkedBy('isContent', problemOf);

/** cache_control: sent by clients made for Anthropic's models too (LiteLLM, Vercel's SDK); it changes no answer. */
const PART_FIELDS: ReadonlySet<string> = new Set(['type', 'text', 'cache_control']);

function problemOf(value: unknown): string | null {
  if (typeof value === 'string') return wellFormed(value);
  if (!Array.isArray(value)) return 'expected a string or an array of text parts';
  if (value.length === 0) return 'expected at least one text part';
  for (const part of value as unknown[]) {
    if (typeof part !== 'object' || part === null) return 'expected parts of the form {"type": "text", "text": ...}';
    const { type, text } = part as Partial<TextPart>;
    if (type !== 'text') return `parts of type '${String(type).slice(0, 40)}' are not supported; only 'text' is`;
    if (typeof text !== 'string') return 'expected the text of each part to be a string';
    const unknown = Object.keys(part).find((name) => !PART_FIELDS.has(name));
    if (unknown !== undefined) return `a text part has no field '${unknown.slice(0, 40)}'`;
    const problem = wellFormed(text);
    if (problem !== null) return problem;
  }
  return null;
}

const wellFormed = (text: string): string | null =>
  text.isWellFormed() ? null : 'expected well-formed Unicode, but got an unpaired surrogate';
