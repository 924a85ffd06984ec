import { engineFailed } from '../../openai/error-catalogue.js';
import type { AnswerFormat } from '../client/generate-exchange.js';
import { jsonObject } from '../client/json-object.js';
import type { ChoiceChunk, GenerateEvent, GenerateRequest } from '../worker.js';
import { EngineFault, externalRefusal, inStreamError } from './external-refusal.js';
import { logprobsOf, type WireLogprobs } from './openai-logprobs.js';

interface WireChoice {
  index?: number;
  text?: string | null;
  delta?: { content?: string | null };
  finish_reason?: string | null;
  /** vLLM's: the string or the id that ended it. */
  stop_reason?: unknown;
  token_ids?: number[] | null;
  prompt_token_ids?: number[] | null;
  logprobs?: WireLogprobs | null;
}

interface WireChunk {
  choices?: WireChoice[];
  usage?: {
    prompt_tokens?: number;
    completion_tokens?: number;
    prompt_tokens_details?: { cached_tokens?: number | null } | null;
  } | null;
  prompt_token_ids?: number[] | null;
  error?: unknown;
}

type Usage = Extract<GenerateEvent, { type: 'usage' }>;

/** Server-sent chunks of a chat or a completion as events. One for each answer: it knows how far that has come. */
export class OpenAIStream implements AnswerFormat {
  readonly refusal = externalRefusal;
  private readonly offsets: number[];
  private readonly finished = new Set<number>();
  private usage: Usage | null = null;
  private promptIds: number[] | null = null;
  private promptTold = false;
  private whole = false;

  constructor(
    private readonly request: GenerateRequest,
    /** Told with the admission. */
    private readonly worker: string,
  ) {
    this.offsets = Array.from({ length: request.n }, () => 0);
  }

  /** How long the prompt is comes at the end. */
  admitted(): GenerateEvent {
    return { type: 'admitted', promptTokens: 0, worker: this.worker };
  }

  line(text: string): { events: readonly GenerateEvent[]; whole: boolean } {
    // Comments, names and ids of events have no part in this dialect.
    const events = text.startsWith('data:') ? this.data(text.slice('data:'.length).trim()) : [];
    return { events, whole: this.whole };
  }

  private data(data: string): GenerateEvent[] {
    if (data === '[DONE]') return this.done();
    if (this.whole) return [];
    const chunk = jsonObject<WireChunk>(data, 'The engine sent an event that is not a JSON object.');
    const error = inStreamError(chunk);
    if (error !== null) throw error;
    if (chunk.usage?.completion_tokens !== undefined) this.usage = usageOf(chunk.usage);
    const promptIds = chunk.prompt_token_ids ?? chunk.choices?.[0]?.prompt_token_ids;
    if (promptIds != null) this.promptIds ??= idsOf(promptIds);
    const choices = (chunk.choices ?? []).flatMap((wire) => this.choice(wire));
    if (choices.length === 0) return this.end();
    return [...this.prompt(), { type: 'chunk', choices }, ...this.end()];
  }

  /** The usage, once nothing else is missing; not every server sends [DONE] after it. */
  private end(): Usage[] {
    if (this.whole || this.usage === null || this.finished.size < this.request.n) return [];
    this.whole = true;
    return [this.usage];
  }

  /** Of the token ids it is told where they are; its text is the request's own. */
  private prompt(): GenerateEvent[] {
    const { echo, prompt, tokenIds: shown } = this.request;
    if (!echo || this.promptTold) return [];
    this.promptTold = true;
    if (shown && this.promptIds === null) throw unasked('the token ids of the prompt');
    const text = 'text' in prompt ? prompt.text : '';
    return [{ type: 'prompt', tokenIds: this.promptIds ?? [], text, logprobs: null }];
  }

  /** None for what only opens a choice. */
  private choice(wire: WireChoice): ChoiceChunk[] {
    const index = wire.index ?? 0;
    const offset = this.offsets[index];
    if (offset === undefined || this.finished.has(index)) return [];
    const text = wire.delta?.content ?? wire.text ?? '';
    const tokenIds = idsOf(wire.token_ids);
    const finishReason = finishOf(wire.finish_reason);
    const logprobs = logprobsOf(wire.logprobs, tokenIds, this.request.sampling.logprobs);
    if (text === '' && tokenIds.length === 0 && logprobs.length === 0 && finishReason === null) return [];
    if (text !== '') this.check(tokenIds.length, logprobs.length);
    this.offsets[index] = offset + [...text].length;
    if (finishReason !== null) this.finished.add(index);
    return [
      {
        ...{ index, tokenIds, text, textOffset: this.offsets[index], finishReason },
        ...(typeof wire.stop_reason === 'string' ? { stop: wire.stop_reason } : {}),
        ...(this.request.sampling.logprobs === undefined ? {} : { logprobs }),
      },
    ];
  }

  /** A server that ignores what it was asked for is told of, not passed off. */
  private check(tokenIds: number, logprobs: number): void {
    if (this.request.tokenIds && tokenIds === 0) throw unasked('token ids');
    if (this.request.sampling.logprobs !== undefined && logprobs === 0) throw unasked('log-probabilities');
  }

  private done(): [] {
    if (this.whole) return [];
    const { n } = this.request;
    throw this.finished.size < n ? unasked(`the end of ${n} choices`) : unasked('its usage');
  }
}

/** What it always does so, to whoever asks: no reason to take it for ill. */
const unasked = (what: string) => {
  const message = `The engine did not send ${what}.`;
  return engineFailed(message, new EngineFault(message, undefined, true));
};

/** OpenAI's words, and those of servers that have kept their own. */
const LENGTH: readonly string[] = ['length', 'max_tokens'];
const STOP: readonly string[] = ['stop', 'eos', 'eos_token', 'stop_sequence', 'end_turn', 'tool_calls'];

function finishOf(reason: string | null | undefined): ChoiceChunk['finishReason'] {
  if (reason == null || reason === '') return null;
  if (reason === 'abort' || reason === 'error') throw engineFailed('The engine broke off its answer.');
  if (LENGTH.includes(reason)) return 'length';
  if (STOP.includes(reason)) return 'stop';
  throw engineFailed('The engine ended its answer for a reason that this server does not know.');
}

const usageOf = ({
  prompt_tokens,
  completion_tokens,
  prompt_tokens_details: details,
}: NonNullable<WireChunk['usage']>) =>
  ({
    type: 'usage',
    promptTokens: counted(prompt_tokens),
    completionTokens: counted(completion_tokens),
    cachedTokens: counted(details?.cached_tokens),
  }) satisfies Usage;

/** Everybody adds these up: a number that is no count must not come that far. */
function counted(value: unknown): number {
  if (value == null) return 0;
  if (isCount(value)) return value;
  throw engineFailed('The engine counted tokens with what is no number of them.');
}

function idsOf(value: unknown): number[] {
  if (value == null) return [];
  if (Array.isArray(value) && value.every(isCount)) return value;
  throw engineFailed('The engine sent token ids that are none.');
}

const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0;
