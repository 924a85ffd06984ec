import { randomUUID } from 'node:crypto';
import type { AnswerIdentity } from '../generation/answer-identity.js';
import type { UsageEvent } from '../generation/usage.js';
import type { Calculation } from '../python-engine/worker.js';
import type { FunctionTool, ResponseRequest, TextFormat } from './create-response.dto.js';

type ItemStatus = 'in_progress' | 'completed' | 'incomplete';

export interface OutputText {
  type: 'output_text';
  text: string;
  annotations: [];
  logprobs: [];
}

export interface MessageItem {
  id: string;
  type: 'message';
  role: 'assistant';
  status: ItemStatus;
  content: OutputText[];
}

export interface FunctionCallItem {
  id: string;
  type: 'function_call';
  call_id: string;
  name: string;
  arguments: string;
  status: ItemStatus;
}

export type OutputItem = MessageItem | FunctionCallItem;

/** OpenAI's response object, with every member that the SDKs' types require. */
export interface ResponseBody {
  id: string;
  object: 'response';
  created_at: number;
  completed_at: number | null;
  status: 'in_progress' | 'completed' | 'incomplete' | 'failed';
  background: false;
  error: { code: 'server_error'; message: string } | null;
  incomplete_details: { reason: 'max_output_tokens' } | null;
  instructions: string | null;
  max_output_tokens: number | null;
  max_tool_calls: null;
  model: string;
  output: OutputItem[];
  parallel_tool_calls: boolean;
  previous_response_id: string | null;
  prompt_cache_key: string | null;
  reasoning: { effort: null; summary: null };
  safety_identifier: string | null;
  service_tier: 'default';
  /** Whether the answer is kept, so that it can be retrieved and continued. */
  store: boolean;
  temperature: number | null;
  text: { format: TextFormat; verbosity: 'medium' };
  tool_choice: 'none' | 'auto' | 'required' | { type: 'function'; name: string };
  tools: FunctionTool[];
  top_logprobs: 0;
  top_p: number | null;
  truncation: 'disabled';
  usage: ReturnType<typeof usageOf> | null;
  user: string | null;
  metadata: Record<string, string>;
  /** Not OpenAI's: what nanochat's calculator was asked, where it was. */
  calculations?: Calculation[];
}

/** The answer before its first token. What the request does not say is null: the engine decides it. */
export function newResponse({ id, created, model }: AnswerIdentity, request: ResponseRequest): ResponseBody {
  const { fields, format, tools, toolChoice } = request;
  return {
    ...{ id, object: 'response', created_at: created, completed_at: null, status: 'in_progress', background: false },
    ...{ error: null, incomplete_details: null, instructions: fields.instructions ?? null },
    ...{ max_output_tokens: fields.max_output_tokens ?? null, max_tool_calls: null, model, output: [] },
    parallel_tool_calls: fields.parallel_tool_calls ?? true,
    previous_response_id: fields.previous_response_id ?? null,
    prompt_cache_key: fields.prompt_cache_key ?? null,
    reasoning: { effort: null, summary: null },
    safety_identifier: fields.safety_identifier ?? null,
    service_tier: 'default',
    store: fields.store ?? true,
    temperature: fields.temperature ?? null,
    text: { format, verbosity: 'medium' },
    tool_choice: typeof toolChoice === 'string' ? toolChoice : { type: 'function', name: toolChoice.name },
    ...{ tools, top_logprobs: 0, top_p: fields.top_p ?? null, truncation: 'disabled', usage: null },
    user: fields.user ?? null,
    metadata: fields.metadata ?? {},
  };
}

export const newMessage = (): MessageItem => ({
  ...{ id: `msg_${unique()}`, type: 'message', role: 'assistant', status: 'in_progress', content: [] },
});

export const newFunctionCall = (callId: string, name: string): FunctionCallItem => ({
  ...{ id: `fc_${unique()}`, type: 'function_call', call_id: callId, name, arguments: '', status: 'in_progress' },
});

export const outputText = (text: string): OutputText => ({ type: 'output_text', text, annotations: [], logprobs: [] });

export function usageOf({ promptTokens, completionTokens, cachedTokens }: UsageEvent) {
  return {
    input_tokens: promptTokens,
    input_tokens_details: { cached_tokens: cachedTokens, cache_write_tokens: 0 },
    output_tokens: completionTokens,
    output_tokens_details: { reasoning_tokens: 0 },
    total_tokens: promptTokens + completionTokens,
  };
}

const unique = (): string => randomUUID().replaceAll('-', '');
