import type { Observable } from 'rxjs';
import type { OpenAIError } from '../openai/openai-error.js';

/** One message of a chat whose content is text alone; the gateway has already flattened content parts. */
export interface TextMessage {
  role: 'system' | 'user' | 'assistant';
  content: string;
}

export interface SamplingParams {
  /** 0 to 2; 0 is greedy. */
  temperature?: number | undefined;
  /** -1 to 200; 0 and -1 are off. */
  topK?: number | undefined;
  /** Above 0 to 1. */
  topP?: number | undefined;
  /** 0 to 2^63-1. Always given, so that an answer can be made again on another worker. */
  seed: number | bigint;
  /** 1 to 4096, forced tokens included. */
  maxTokens?: number | undefined;
  stop?: string[] | undefined;
  ignoreEos?: boolean | undefined;
  /** 0 to 1; 0 is off. */
  minP?: number | undefined;
  /** -2 to 2, of generated tokens. */
  presencePenalty?: number | undefined;
  /** -2 to 2, of generated tokens. */
  frequencyPenalty?: number | undefined;
  /** Above 0 to 2, of prompt and generated tokens; 1 is off. */
  repetitionPenalty?: number | undefined;
  /** Token ids to -100 to 100, at most 300. */
  logitBias?: Record<string, number> | undefined;
  /** 0 to max_tokens: until then nothing ends the answer. */
  minTokens?: number | undefined;
  /** At most 64 ids. */
  stopTokenIds?: number[] | undefined;
  /** 0 to 20: raw log-probabilities of each token and of so many of the likeliest. */
  logprobs?: number | undefined;
}

/** What the answer has to match, from its first character to its last. */
export type Constraint =
  { json_schema: unknown } | { json_object: true } | { regex: string } | { lark: string } | { choice: string[] };

/** Exactly one; only the engine tokenizes. */
export type Prompt = { messages: TextMessage[] } | { text: string } | { tokenIds: number[] };

/** What can be told in tokens before anything is generated. */
export type TokenizablePrompt = Exclude<Prompt, { tokenIds: number[] }>;

/** What may be left out; both are there by default, as generating would take them. */
export interface TokenizeOptions {
  /** Of a text: special tokens such as `<|bos|>` before it. */
  specials?: boolean;
  /** Of a chat: the assistant's start after its last message. */
  assistantStart?: boolean;
}

/** A prompt in tokens. */
export interface TokenizedPrompt {
  tokenIds: number[];
  /** The token's text each; U+FFFD for parts of a character, the name of a special token. */
  tokenStrings: string[];
}

/** A choice that an earlier worker has begun: its tokens so far, and the characters of it that the client has. */
export interface ChoiceResume {
  index: number;
  tokenIds: number[];
  textOffset: number;
}

export interface GenerateRequest {
  /** 1 to 128 of `[A-Za-z0-9_.:-]`; names the request in both processes' logs. */
  requestId: string;
  prompt: Prompt;
  sampling: SamplingParams;
  /** Number of choices, 1 to 8. */
  n: number;
  /** Nanochat's calculator loop; off where there is a constraint. */
  calculator: boolean;
  /** Whether the client itself said so: an engine that can't have it so has to refuse. */
  calculatorGiven?: boolean;
  constraint?: Constraint;
  /** Whether the prompt comes back as the first event. `maxTokens` may be 0 then. */
  echo?: boolean;
  /** 0 to 20, with `echo`: log-probabilities of the prompt's own tokens. */
  promptLogprobs?: number;
  /** Whether the client is shown token ids or counts of them as they come: an engine that does not tell them has to refuse. */
  tokenIds?: boolean;
  /** The own id of the model that it has to be; absent: whichever is served. */
  model?: string;
  /** Go on after these; choices that are absent have finished. */
  resume?: ChoiceResume[];
  /** Requests of different salts share nothing of a prefix cache; absent: those without one share. At most 256 characters. */
  cacheSalt?: string;
  /** The span to go on from, as W3C's Trace Context writes it. */
  traceparent?: string;
}

/** A token as the model saw it: raw log-probabilities, before temperature, penalties and cuts. */
export interface TokenLogprob {
  id: number;
  bytes: number[];
  logprob: number;
}

export interface TokenLogprobs extends TokenLogprob {
  /** The likeliest first. */
  top: TokenLogprob[];
}

/** Of a prompt; nothing comes before its first token, so that has no log-probability. */
export type PromptTokenLogprobs = Omit<TokenLogprobs, 'logprob'> & { logprob: number | null };

/** What nanochat's calculator was asked and what it put into the answer. */
export interface Calculation {
  expression: string;
  result: string;
}

export interface ChoiceChunk {
  index: number;
  /** Ids since the last chunk, with the id that ended the choice and the calculator's forced ids; none where an external engine tells none. */
  tokenIds: number[];
  text: string;
  /** Characters released for this choice so far, this chunk's included. */
  textOffset: number;
  finishReason: 'stop' | 'length' | null;
  /** The stop string that ended the choice, where one did. */
  stop?: string;
  /** One for each of `tokenIds`, where they were asked for. */
  logprobs?: TokenLogprobs[];
  calculations?: Calculation[];
}

/** Order of events: `admitted`, then `prompt` where asked for, any number of `chunk`, `usage`; then the Observable completes. */
export type GenerateEvent =
  /** The engine's headers have arrived: nothing can be refused any more. 0 tokens: an external engine tells them at the end. */
  | { type: 'admitted'; promptTokens: number; worker?: string }
  | { type: 'prompt'; tokenIds: number[]; text: string; logprobs: PromptTokenLogprobs[] | null }
  | { type: 'chunk'; choices: ChoiceChunk[] }
  | { type: 'usage'; promptTokens: number; completionTokens: number; cachedTokens: number };

export interface Worker {
  readonly name: string;
  /** Cold: nothing is sent before subscription. Unsubscribing aborts the HTTP request. Errors are `OpenAIError`. */
  generate(request: GenerateRequest): Observable<GenerateEvent>;
  /** Why it can not do this at all, with the client's name of the field, or `constraint`; null where it can. */
  refuses(request: GenerateRequest): OpenAIError | null;
  /** Whether it has the next two. */
  readonly tokenizes: boolean;
  /** Rejects with `OpenAIError`, as the next. */
  tokenize(prompt: TokenizablePrompt, options?: TokenizeOptions): Promise<TokenizedPrompt>;
  /** The text of ids, in which special tokens have no part. */
  detokenize(tokenIds: readonly number[]): Promise<string>;
}
