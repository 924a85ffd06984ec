import { checkLengths } from '../chat/check-lengths.js';
import type { Settings } from '../config/settings.js';
import { invalidRequest, invalidValue } from '../openai/error-catalogue.js';
import type { ChatCompletionRequest } from './chat-completion.dto.js';
import { textOf } from './text-of.js';

const MAX_TOKENS_OF_ALL_CHOICES = 8192;
const DEFAULT_MAX_TOKENS = 512;

/** What no single field can say: lengths in characters, and fields that must agree. Throws 400. */
export function checkLimits(dto: ChatCompletionRequest, settings: Settings): void {
  if (dto.stream_options && !dto.stream) {
    throw invalidRequest("The 'stream_options' parameter is only allowed when 'stream' is enabled.", 'stream_options');
  }
  const { max_tokens: old, max_completion_tokens: tokens } = dto;
  if (old != null && tokens != null && old !== tokens) {
    throw invalidRequest(
      "'max_tokens' and 'max_completion_tokens' mean the same and were given different values; give one of them.",
      'max_tokens',
    );
  }
  const perChoice = tokens ?? old ?? DEFAULT_MAX_TOKENS;
  if ((dto.n ?? 1) * perChoice > MAX_TOKENS_OF_ALL_CHOICES) {
    throw invalidValue(
      'n',
      `Invalid 'n': ${dto.n} choices of ${perChoice} tokens are over the limit of ${MAX_TOKENS_OF_ALL_CHOICES} tokens.`,
    );
  }
  const texts = dto.messages.map(({ content }, index) => ({
    param: `messages[${index}].content`,
    text: textOf(content),
  }));
  checkLengths(texts, 'messages', settings);
}
