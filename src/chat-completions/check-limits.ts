import { checkLengths } from '../chat/check-lengths.js';
import { checkToolResults } from '../chat/check-tool-results.js';
import type { Settings } from '../config/settings.js';
import { checkGeneration, DEFAULT_MAX_TOKENS } from '../generation/check-generation.js';
import { invalidRequest, invalidValue } from '../openai/error-catalogue.js';
import type { ChatCompletionRequest } from './chat-completion.dto.js';
import { textOf } from './text-of.js';
import { turnOf } from './to-chat-request.js';

/** What no single field can say: lengths in characters, and fields that must agree. Throws 400. */
export function checkLimits(dto: ChatCompletionRequest, settings: Settings): void {
  const { max_tokens: old, max_completion_tokens: tokens } = dto;
  if (old != null && tokens != null && old !== tokens) {
    throw invalidRequest(
      "'max_tokens' and 'max_completion_tokens' mean the same and were given different values; give one of them.",
      'max_tokens',
    );
  }
  checkGeneration(dto, tokens ?? old ?? DEFAULT_MAX_TOKENS);
  if (dto.top_logprobs != null && dto.top_logprobs > 0 && !dto.logprobs) {
    throw invalidRequest("'top_logprobs' is only allowed when 'logprobs' is true.", 'top_logprobs');
  }
  if (dto.structured_outputs && dto.response_format && dto.response_format.type !== 'text') {
    throw invalidRequest(
      "'structured_outputs' and 'response_format' both say what the text is; give one of them.",
      'structured_outputs',
    );
  }
  checkTools(dto);
  if (dto.messages.some(({ role }) => role === 'tool')) {
    const ids = dto.messages.map((_, index) => `messages[${index}].tool_call_id`);
    checkToolResults(dto.messages.map(turnOf), ids);
  }
  checkLengths(dto.messages.flatMap(textsOf), 'messages', settings);
}

/** A name stands for one tool. */
function checkTools({ tools }: ChatCompletionRequest): void {
  const seen = new Set<string>();
  tools?.forEach(({ function: { name } }, index) => {
    const param = `tools[${index}].function.name`;
    if (seen.has(name)) throw invalidValue(param, `Invalid '${param}': there is another tool of the name '${name}'.`);
    seen.add(name);
  });
}

function textsOf({ content, tool_calls: calls }: ChatCompletionRequest['messages'][number], index: number) {
  const at = `messages[${index}]`;
  return [
    { param: `${at}.content`, text: textOf(content) },
    ...(calls ?? []).map((call, each) => ({
      param: `${at}.tool_calls[${each}].function.arguments`,
      text: call.function.arguments,
    })),
  ];
}
