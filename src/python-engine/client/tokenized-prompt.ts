import { engineFailed } from '../../openai/error-catalogue.js';
import type { TokenizedPrompt, TokenizeOptions } from '../worker.js';

/** The answer of `POST /tokenize`, which begins with `<|bos|>` and of a chat ends with the assistant's start. Throws 503. */
export function tokenizedPrompt(
  { token_ids: tokenIds, token_strings: tokenStrings }: Record<string, unknown>,
  chat: boolean,
  { specials = true, assistantStart = true }: TokenizeOptions,
): TokenizedPrompt {
  if (!Array.isArray(tokenIds) || !Array.isArray(tokenStrings)) {
    throw engineFailed('The engine sent an answer that can not be read.');
  }
  const [from, to] = [!chat && !specials ? 1 : 0, chat && !assistantStart ? -1 : undefined];
  return { tokenIds: tokenIds.slice(from, to) as number[], tokenStrings: tokenStrings.slice(from, to) as string[] };
}
