import type { ChoiceChunk, GenerateEvent } from '../python-engine/worker.js';

/** A piece of a tool call. The first of a call has its id and name; the pieces of `arguments` make one JSON text. */
export interface ToolCallDelta {
  /** Among the calls of its choice. */
  index: number;
  id?: string;
  name?: string;
  arguments: string;
}

export interface ChatChoice extends Omit<ChoiceChunk, 'finishReason'> {
  toolCalls?: ToolCallDelta[];
  /** `tool_calls` wherever the answer is whole calls, also forced ones. */
  finishReason: 'stop' | 'length' | 'tool_calls' | null;
}

/** In the order of the engine's events; `prompt` comes only where it was asked for. */
export type ChatEvent = Exclude<GenerateEvent, { type: 'chunk' }> | { type: 'chunk'; choices: ChatChoice[] };
