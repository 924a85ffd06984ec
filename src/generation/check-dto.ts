import { validateSync, type ValidationError } from 'class-validator';
import { invalidValue } from '../openai/error-catalogue.js';
import type { OpenAIError } from '../openai/openai-error.js';
import { isSurelyValid } from './compiled-checks.js';

/** Throws 400 for the first thing wrong with a DTO, naming its field as OpenAI does: messages[0].content. */
export function checkDto(dto: object): void {
  if (isSurelyValid(dto)) return;
  const [first] = validateSync(dto, { stopAtFirstError: true });
  if (first !== undefined) throw errorOf(first);
}

export const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

function errorOf(error: ValidationError, at = ''): OpenAIError {
  const param = /^\d+$/.test(error.property)
    ? `${at}[${error.property}]`
    : at === ''
      ? error.property
      : `${at}.${error.property}`;
  const [child] = error.children ?? [];
  if (child !== undefined) return errorOf(child, param);
  return invalidValue(param, `Invalid '${param}': ${Object.values(error.constraints ?? {})[0]}.`);
}
