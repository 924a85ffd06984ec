import type { Observable } from 'rxjs';

/** One message of a chat whose content is text alone; the gateway has already flattened content parts. */
export interface TextMessage {
  role: 'system' | 'user' | 'assistant';
  content: string;
}

export interface SamplingParams {
  /** 0 to 2; 0 is greedy. */
  temperature?: number;
  /** -1 to 200; 0 and -1 are off. */
  topK?: number;
  /** Above 0 to 1. */
  topP?: number;
  /** 0 to 2^63-1. Always given, so that an answer can be made again on another worker. */
  seed: number | bigint;
  /** 1 to 4096, forced tokens included. */
  maxTokens?: number;
  stop?: string[];
  ignoreEos?: boolean;
}

export interface GenerateRequest {
  /** 1 to 128 of `[A-Za-z0-9_.:-]`; names the request in both processes' logs. */
  requestId: string;
  messages: TextMessage[];
  sampling: SamplingParams;
  /** Number of choices, 1 to 8. */
  n: number;
  /** Nanochat's calculator loop. */
  calculator: boolean;
}

export interface ChoiceChunk {
  index: number;
  /** Ids since the last chunk, with the id that ended the choice and the calculator's forced ids. */
  tokenIds: number[];
  text: string;
  /** Characters released for this choice so far, this chunk's included. */
  textOffset: number;
  finishReason: 'stop' | 'length' | null;
}

/** Order of events: `admitted`, then any number of `chunk`, then `usage`, then the Observable completes. */
export type GenerateEvent =
  /** The engine's headers have arrived: nothing can be refused any more. */
  | { type: 'admitted'; promptTokens: number }
  | { type: 'chunk'; choices: ChoiceChunk[] }
  | { type: 'usage'; promptTokens: number; completionTokens: number; cachedTokens: number };

export interface Worker {
  readonly name: string;
  /** Cold: nothing is sent before subscription. Unsubscribing aborts the HTTP request. Errors are `OpenAIError`. */
  generate(request: GenerateRequest): Observable<GenerateEvent>;
}
