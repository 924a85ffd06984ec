import type { Settings } from '../config/settings.js';
import { characters } from '../generation/characters.js';
import { invalidValue } from '../openai/error-catalogue.js';

/** A text of a request, and the field that it stands in. */
export interface TextOfField {
  param: string;
  text: string;
}

/** Throws 400 where one text, or all together, are over the limits in characters; `all` is the field that holds them. */
export function checkLengths(
  texts: readonly TextOfField[],
  all: string,
  { maxMessageChars, maxTotalChars }: Settings,
): void {
  let total = 0;
  for (const { param, text } of texts) {
    const length = characters(text);
    total += length;
    if (length > maxMessageChars) {
      throw invalidValue(param, `Invalid '${param}': ${length} characters are over the limit of ${maxMessageChars}.`);
    }
  }
  if (total > maxTotalChars) {
    throw invalidValue(all, `Invalid '${all}': ${total} characters in all are over the limit of ${maxTotalChars}.`);
  }
}
