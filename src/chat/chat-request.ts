import type { Constraint, SamplingParams } from '../python-engine/worker.js';

/** A function that the model may call; its parameters are a JSON schema. */
export interface ToolDefinition {
  name: string;
  description: string | null;
  /** Null: a function without parameters. */
  parameters: Record<string, unknown> | null;
}

/** `arguments` is JSON as text, as every dialect has it. */
export interface ToolCall {
  id: string;
  name: string;
  arguments: string;
}

export type ToolChoice = 'none' | 'auto' | 'required' | { name: string };

/** One message of a conversation; its content is text, parts already joined. */
export type ChatTurn =
  | { role: 'system' | 'user'; text: string }
  | { role: 'assistant'; text: string; toolCalls: ToolCall[] }
  | { role: 'tool'; toolCallId: string; text: string };

/** A chat in no dialect: what chat completions, responses and messages all come to. */
export interface ChatRequest {
  turns: ChatTurn[];
  tools: ToolDefinition[];
  toolChoice: ToolChoice;
  parallelToolCalls: boolean;
  /** What the text of the answer has to match, where it is not a tool call. Refusals of it have the param `constraint`. */
  constraint: Constraint | null;
  sampling: SamplingParams;
  /** Choices, 1 to 8. */
  n: number;
  /** Nanochat's own calculator; null is as configured. Off where there are tools or a constraint. */
  calculator: boolean | null;
  /** Whether the prompt's token ids come back, as an event before the first chunk. */
  returnPrompt?: boolean;
  /** Whether the client is shown token ids, or counts of them, as they come. */
  tokenIds?: boolean;
}
