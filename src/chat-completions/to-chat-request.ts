import type { ChatRequest, ChatTurn, ToolChoice } from '../chat/chat-request.js';
import { showsTokens } from '../generation/shows-tokens.js';
import { samplingOf } from '../generation/sampling-of.js';
import { constraintOf } from '../generation/structured-outputs.js';
import type { Constraint } from '../python-engine/worker.js';
import type { ChatCompletionRequest } from './chat-completion.dto.js';
import { textOf } from './text-of.js';

/** A checked body in no dialect. */
export function toChatRequest(body: ChatCompletionRequest): ChatRequest {
  return {
    turns: body.messages.map(turnOf),
    tools: (body.tools ?? []).map(({ function: { name, description, parameters } }) => ({
      name,
      description: description ?? null,
      parameters: parameters ?? null,
    })),
    toolChoice: toolChoiceOf(body),
    parallelToolCalls: body.parallel_tool_calls ?? true,
    constraint: constraintOfBody(body),
    sampling: samplingOf(body, {
      maxTokens: body.max_completion_tokens ?? body.max_tokens,
      logprobs: body.logprobs ? (body.top_logprobs ?? 0) : null,
    }),
    n: body.n ?? 1,
    calculator: body.calculator ?? null,
    returnPrompt: body.return_token_ids ?? false,
    tokenIds: showsTokens(body),
  };
}

export function turnOf({
  role,
  content,
  tool_calls,
  tool_call_id,
}: ChatCompletionRequest['messages'][number]): ChatTurn {
  const text = textOf(content);
  if (role === 'tool') return { role, text, toolCallId: tool_call_id ?? '' };
  if (role !== 'assistant') return { role: role === 'developer' ? 'system' : role, text };
  return { role, text, toolCalls: (tool_calls ?? []).map((call) => ({ id: call.id, ...call.function })) };
}

function toolChoiceOf({ tools, tool_choice: choice }: ChatCompletionRequest): ToolChoice {
  if (choice == null) return tools != null && tools.length > 0 ? 'auto' : 'none';
  return typeof choice === 'string' ? choice : { name: choice.function.name };
}

function constraintOfBody({
  response_format: format,
  structured_outputs: outputs,
}: ChatCompletionRequest): Constraint | null {
  if (format?.type === 'json_object') return { json_object: true };
  if (format?.json_schema != null && format.type === 'json_schema') return { json_schema: format.json_schema.schema };
  return outputs == null ? null : constraintOf(outputs);
}
