import type { ChoiceChunk, GenerateEvent } from '../python-engine/worker.js';

type PromptEvent = Extract<GenerateEvent, { type: 'prompt' }>;

/**
 * The events of all prompts as one answer. `chunk` has the choices' places in the answer, prompt by prompt; `prompt` says
 * which one it is. A prompt can be told twice, when its generation is sent again; `usage` comes once, summed.
 */
export type CompletionEvent =
  | { type: 'admitted'; prompt: number; promptTokens: number }
  | (PromptEvent & { prompt: number })
  | { type: 'chunk'; choices: ChoiceChunk[] }
  | Extract<GenerateEvent, { type: 'usage' }>;
