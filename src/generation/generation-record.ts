import type { RequestRecord } from '../openai/request-record.js';
import type { ChoiceChunk, GenerateEvent } from '../python-engine/worker.js';
import type { ContentLog } from './content-log.js';
import type { TokenTimes } from './token-times.js';

export type GenerationOutcome = 'finished' | 'refused' | 'failed' | 'aborted' | 'cut_off';

/** The life of one generation for the log and for whoever counts: times and numbers, and text where LOG_CONTENT has it so. */
export class GenerationRecord {
  outcome: GenerationOutcome | null = null;
  errorCode: string | null = null;
  promptTokens: number | null = null;
  completionTokens: number | null = null;
  cachedTokens: number | null = null;
  /** The worker that has it, or had it last. */
  worker: string | null = null;
  /** Its place in a trace, for whoever computes it to go on from; null where nobody traces. */
  traceparent: string | null = null;
  content: ContentLog | null = null;
  /** By the clock of `performance.now()`; null where it did not come so far. */
  readonly bornAt = performance.now();
  startedAt: number | null = null;
  firstTokenAt: number | null = null;
  lastTokenAt: number | null = null;
  endedAt: number | null = null;
  /** How often it went on after its worker had gone. */
  resumes = 0;
  readonly finishReasons: string[] = [];

  constructor(
    readonly id: string,
    readonly model: string,
    readonly stream: boolean,
    readonly n: number,
    /** The HTTP request that it answers, which knows who asks. */
    readonly request: RequestRecord | null = null,
  ) {}

  /** Its turn has come. */
  started(): void {
    this.startedAt = performance.now();
  }

  resumed(): void {
    this.resumes++;
  }

  /** Milliseconds in the queue. */
  get queueMs(): number | null {
    return this.age(this.startedAt);
  }

  get firstTokenMs(): number | null {
    return this.age(this.firstTokenAt);
  }

  take(event: GenerateEvent, times: TokenTimes | null = null): void {
    if (event.type === 'admitted') this.promptTokens = event.promptTokens || null;
    else if (event.type === 'usage') {
      this.promptTokens = event.promptTokens;
      this.completionTokens = event.completionTokens;
      this.cachedTokens = event.cachedTokens;
    } else if (event.type === 'chunk') {
      this.tokens(event.choices, times);
      this.content?.take(event.choices);
    }
  }

  /** The first end counts: a client that is cut off is also gone. */
  end(outcome: GenerationOutcome, errorCode: string | null = null): void {
    this.outcome ??= outcome;
    this.endedAt ??= performance.now();
    this.errorCode ??= errorCode;
  }

  /** For the line of the request in the log. */
  get fields(): Record<string, unknown> {
    return {
      completion_id: this.id,
      model: this.model,
      worker: this.worker,
      stream: this.stream,
      n: this.n,
      outcome: this.outcome,
      finish_reasons: this.finishReasons,
      prompt_tokens: this.promptTokens,
      completion_tokens: this.completionTokens,
      cached_tokens: this.cachedTokens,
      queue_ms: this.queueMs,
      first_token_ms: this.firstTokenMs,
      last_token_ms: this.age(this.lastTokenAt),
      ...(this.resumes === 0 ? {} : { resumes: this.resumes }),
      ...(this.errorCode === null ? {} : { error_code: this.errorCode }),
      ...this.content?.fields,
    };
  }

  private tokens(choices: readonly ChoiceChunk[], times: TokenTimes | null): void {
    const now = performance.now();
    let steps = 0;
    let tokens = 0;
    for (const { tokenIds, finishReason } of choices) {
      tokens += tokenIds.length;
      if (tokenIds.length > steps) steps = tokenIds.length;
      if (finishReason !== null) this.finishReasons.push(finishReason);
    }
    if (this.lastTokenAt === null) times?.first(tokens);
    else times?.next((now - this.lastTokenAt) / 1000, steps, tokens);
    this.firstTokenAt ??= now;
    this.lastTokenAt = now;
  }

  private age(at: number | null): number | null {
    return at === null ? null : Math.round(at - this.bornAt);
  }
}
