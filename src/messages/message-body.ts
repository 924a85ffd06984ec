import type { UsageEvent } from '../generation/usage.js';
import type { Calculation } from '../python-engine/worker.js';

export interface TextBlock {
  type: 'text';
  text: string;
  citations: null;
}

export interface ToolUseBlock {
  type: 'tool_use';
  id: string;
  name: string;
  input: object;
  caller: { type: 'direct' };
}

export type StopReason = 'end_turn' | 'max_tokens' | 'stop_sequence' | 'tool_use';

/** Anthropic's message, with every member that its SDK's types require. */
export interface MessageBody {
  id: string;
  type: 'message';
  role: 'assistant';
  model: string;
  content: (TextBlock | ToolUseBlock)[];
  stop_reason: StopReason | null;
  stop_sequence: string | null;
  stop_details: null;
  container: null;
  diagnostics: null;
  usage: ReturnType<typeof usageOf>;
  /** Not Anthropic's: what nanochat's calculator was asked, where it was. */
  calculations?: Calculation[];
}

export const newMessage = (id: string, model: string): MessageBody => ({
  ...{ id, type: 'message', role: 'assistant', model, content: [] },
  ...{ stop_reason: null, stop_sequence: null, stop_details: null, container: null, diagnostics: null },
  usage: usageOf({ promptTokens: 0, completionTokens: 0, cachedTokens: 0 }),
});

export const newText = (): TextBlock => ({ type: 'text', text: '', citations: null });

export const newToolUse = (id: string, name: string): ToolUseBlock => ({
  ...{ type: 'tool_use', id, name, input: {}, caller: { type: 'direct' } },
});

/** Anthropic's input tokens are those that no cache had. */
export function usageOf({ promptTokens, completionTokens, cachedTokens }: Omit<UsageEvent, 'type'>) {
  return {
    input_tokens: promptTokens - cachedTokens,
    cache_creation_input_tokens: 0,
    cache_read_input_tokens: cachedTokens,
    cache_creation: null,
    output_tokens: completionTokens,
    output_tokens_details: null,
    server_tool_use: null,
    service_tier: 'standard' as const,
    inference_geo: null,
    speed: null,
  };
}

/** The part of it that a stream's message_delta has. */
export function deltaUsageOf({
  cache_creation: _c,
  service_tier: _t,
  inference_geo: _g,
  speed: _s,
  ...usage
}: ReturnType<typeof usageOf>) {
  return usage;
}
