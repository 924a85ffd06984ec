import { randomInt } from 'node:crypto';
import type { ChatRequest, ChatTurn } from '../chat/chat-request.js';
import type { SamplingParams } from '../python-engine/worker.js';
import type { ChatCompletionRequest } from './chat-completion.dto.js';
import { textOf } from './text-of.js';

/** A checked body in no dialect. What is absent is left to the engine, but a seed is always drawn. */
export function toChatRequest(body: ChatCompletionRequest): ChatRequest {
  return {
    turns: body.messages.map(turnOf),
    tools: [],
    toolChoice: 'none',
    parallelToolCalls: true,
    constraint: null,
    sampling: samplingOf(body),
    n: body.n ?? 1,
    calculator: body.calculator ?? null,
  };
}

function turnOf({ role, content }: ChatCompletionRequest['messages'][number]): ChatTurn {
  const text = textOf(content);
  if (role === 'assistant') return { role, text, toolCalls: [] };
  return { role: role === 'developer' ? 'system' : role, text };
}

function samplingOf(body: ChatCompletionRequest): SamplingParams {
  const maxTokens = body.max_completion_tokens ?? body.max_tokens;
  return {
    seed: body.seed ?? randomInt(2 ** 48 - 1),
    ...(body.temperature == null ? {} : { temperature: body.temperature }),
    ...(body.top_k == null ? {} : { topK: body.top_k }),
    ...(body.top_p == null ? {} : { topP: body.top_p }),
    ...(maxTokens == null ? {} : { maxTokens }),
    ...(body.stop == null || body.stop.length === 0 ? {} : { stop: body.stop }),
    ...(body.ignore_eos == null ? {} : { ignoreEos: body.ignore_eos }),
  };
}
