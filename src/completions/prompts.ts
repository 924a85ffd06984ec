import type { Schema } from '../api-docs/schema.js';
import { characters } from '../generation/characters.js';
import { invalidValue } from '../openai/error-catalogue.js';
import type { CompletionPrompt } from './completion-prompt.js';

export const MOST_PROMPTS = 128;
const HIGHEST_ID = 2 ** 31 - 1;

const TEXT: Schema = { type: 'string', 'x-limits': { maxLength: 'maxTotalChars' } };
const IDS: Schema = {
  type: 'array',
  items: { type: 'integer', minimum: 0, maximum: HIGHEST_ID },
  minItems: 1,
  'x-limits': { maxItems: 'maxTotalChars' },
};
const several = (items: Schema): Schema => ({ type: 'array', items, minItems: 1, maxItems: MOST_PROMPTS });

export const PROMPT_SCHEMA: Schema = { anyOf: [TEXT, IDS, several(TEXT), several(IDS)] };

/**
 * The prompts of a body: a string, an array of them, an array of ids or an array of such arrays. `longest` bounds each, in
 * characters or ids. Throws 400 naming what is wrong.
 */
export function promptsOf(value: unknown, longest: number): CompletionPrompt[] {
  if (!Array.isArray(value)) return [promptOf(value, longest, 'prompt')];
  const items = value as unknown[];
  if (items.length === 0) throw refused('prompt', 'expected at least one prompt or token id');
  if (typeof items[0] === 'number') return [promptOf(items, longest, 'prompt')];
  if (items.length > MOST_PROMPTS) throw refused('prompt', `expected at most ${MOST_PROMPTS} prompts`);
  const prompts = items.map((item, index) => promptOf(item, longest, `prompt[${index}]`));
  const mixed = prompts.findIndex((prompt) => 'text' in prompt !== 'text' in prompts[0]!);
  if (mixed > 0)
    throw refused(`prompt[${mixed}]`, 'expected all prompts to be strings, or all to be arrays of token ids');
  return prompts;
}

function promptOf(value: unknown, longest: number, param: string): CompletionPrompt {
  if (typeof value === 'string') {
    if (!value.isWellFormed()) throw refused(param, 'expected well-formed Unicode, but got an unpaired surrogate');
    const length = characters(value);
    if (length > longest) throw refused(param, `${length} characters are over the limit of ${longest}`);
    return { text: value };
  }
  if (!Array.isArray(value)) throw refused(param, 'expected a string or an array of token ids');
  const ids = value as unknown[];
  if (ids.length === 0) throw refused(param, 'expected at least one token id');
  if (ids.length > longest) throw refused(param, `${ids.length} token ids are over the limit of ${longest}`);
  if (!ids.every(isTokenId)) throw refused(param, 'expected token ids, which are whole numbers from 0');
  return { tokenIds: ids };
}

const isTokenId = (id: unknown): id is number =>
  Number.isSafeInteger(id) && (id as number) >= 0 && (id as number) <= HIGHEST_ID;

const refused = (param: string, problem: string) => invalidValue(param, `Invalid '${param}': ${problem}.`);
