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
  finishReason: 'stop' | 'length' | 'tool_calls' | null;
}

/** In the order of the engine's events. */
export type ChatEvent = Exclude<GenerateEvent, { type: 'chunk' | 'prompt' }> | { type: 'chunk'; choices: ChatChoice[] };
