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
  checkLengths(dto, settings.maxMessageChars, settings.maxTotalChars);
}

function checkLengths(dto: ChatCompletionRequest, perMessage: number, inAll: number): void {
  let total = 0;
  dto.messages.forEach((message, index) => {
    const length = characters(textOf(message.content));
    total += length;
    if (length > perMessage) {
      const param = `messages[${index}].content`;
      throw invalidValue(param, `Invalid '${param}': ${length} characters are over the limit of ${perMessage}.`);
    }
  });
  if (total > inAll) {
    throw invalidValue('messages', `Invalid 'messages': ${total} characters in all are over the limit of ${inAll}.`);
  }
}

/** Characters as the engine counts them; a string's own length counts an emoji twice. */
function characters(text: string): number {
  let pairs = 0;
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    if (unit >= 0xd800 && unit < 0xdc00) pairs++;
  }
  return text.length - pairs;
}
