import type { ChatRequest, ChatTurn } from '../chat/chat-request.js';
import { samplingOf } from '../generation/sampling-of.js';
import type { OutputItem } from './response-body.js';
import type { ResponseRequest } from './create-response.dto.js';

/** The chat that a response answers, in no dialect. `params` names the field that each turn came from. */
export interface Conversation {
  chat: ChatRequest;
  params: string[];
}

/** `previous` is the conversation that is continued; its instructions do not go on. */
export function toConversation(request: ResponseRequest, previous: readonly ChatTurn[]): Conversation {
  const { fields, input, constraint, definitions: tools, toolChoice } = request;
  const instructions: ChatTurn[] = fields.instructions ? [{ role: 'system', text: fields.instructions }] : [];
  return {
    chat: {
      turns: [...instructions, ...previous, ...input.turns],
      ...{ tools, toolChoice, parallelToolCalls: fields.parallel_tool_calls ?? true, constraint },
      sampling: samplingOf(fields, { maxTokens: fields.max_output_tokens }),
      ...{ n: 1, calculator: fields.calculator ?? null },
    },
    params: [...instructions.map(() => 'instructions'), ...previous.map(() => 'previous_response_id'), ...input.params],
  };
}

/** What the assistant said, as the next response reads it. */
export function turnOf(output: readonly OutputItem[]): ChatTurn {
  const messages = output.filter((item) => item.type === 'message');
  const calls = output.filter((item) => item.type === 'function_call');
  return {
    role: 'assistant',
    text: messages.flatMap(({ content }) => content.map(({ text }) => text)).join(''),
    toolCalls: calls.map(({ call_id: id, name, arguments: json }) => ({ id, name, arguments: json })),
  };
}
