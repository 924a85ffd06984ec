import type { RequestRecord } from '../openai/request-record.js';
import type { GenerateEvent } from '../python-engine/worker.js';

export type GenerationOutcome = 'finished' | 'refused' | 'failed' | 'aborted' | 'cut_off';

/** The life of one generation for the log and for whoever counts: times and numbers, never text. */
export class GenerationRecord {
  outcome: GenerationOutcome | null = null;
  errorCode: string | null = null;
  promptTokens: number | null = null;
  completionTokens: number | null = null;
  cachedTokens: number | null = null;
  queueMs: number | null = null;
  firstTokenMs: number | null = null;
  /** How often it went on after its worker had gone. */
  resumes = 0;
  readonly finishReasons: string[] = [];
  private readonly bornAt = performance.now();

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
    this.queueMs = this.age();
  }

  resumed(): void {
    this.resumes++;
  }

  take(event: GenerateEvent): void {
    if (event.type === 'admitted') this.promptTokens = event.promptTokens;
    else if (event.type === 'usage') {
      this.promptTokens = event.promptTokens;
      this.completionTokens = event.completionTokens;
      this.cachedTokens = event.cachedTokens;
    } else if (event.type === 'chunk') {
      this.firstTokenMs ??= this.age();
      for (const { finishReason } of event.choices) if (finishReason !== null) this.finishReasons.push(finishReason);
    }
  }

  /** The first end counts: a client that is cut off is also gone. */
  end(outcome: GenerationOutcome, errorCode: string | null = null): void {
    this.outcome ??= outcome;
    this.errorCode ??= errorCode;
  }

  /** For the line of the request in the log. */
  get fields(): Record<string, unknown> {
    return {
      completion_id: this.id,
      model: this.model,
      stream: this.stream,
      n: this.n,
      outcome: this.outcome,
      finish_reasons: this.finishReasons,
      prompt_tokens: this.promptTokens,
      completion_tokens: this.completionTokens,
      cached_tokens: this.cachedTokens,
      queue_ms: this.queueMs,
      first_token_ms: this.firstTokenMs,
      ...(this.resumes === 0 ? {} : { resumes: this.resumes }),
      ...(this.errorCode === null ? {} : { error_code: this.errorCode }),
    };
  }

  private age(): number {
    return Math.round(performance.now() - this.bornAt);
  }
}
