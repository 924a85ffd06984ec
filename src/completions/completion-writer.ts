import type { AnswerIdentity } from '../generation/answer-identity.js';
import type { AnswerWriter } from '../generation/stream-answer.js';
import { usageOf } from '../generation/usage.js';
import { DONE, failureEvents } from '../openai/event-stream.js';
import type { CompletionEvent } from './completion-event.js';
import { type CompletionPiece, CompletionPieces } from './completion-piece.js';
import type { CompletionShape } from './completion-shape.js';

/** All prompts' events as server-sent chunks, a choice each, as they come; what all chunks share is encoded once. */
export class CompletionWriter implements AnswerWriter<CompletionEvent> {
  readonly failure = failureEvents;
  private readonly head: string;
  private readonly tail: string;
  private readonly pieces: CompletionPieces;
  private readonly promptTokens: number[];
  private readonly completionTokens: number[];

  constructor(
    identity: AnswerIdentity,
    private readonly shape: CompletionShape,
  ) {
    const { id, created, model, fingerprint } = identity;
    const shared = { id, object: 'text_completion', created, model, system_fingerprint: fingerprint };
    this.head = `data: ${JSON.stringify(shared).slice(0, -1)},"choices":[`;
    this.tail = shape.usage ? '],"usage":null}\n\n' : ']}\n\n';
    this.pieces = new CompletionPieces(shape);
    this.promptTokens = Array.from({ length: shape.prompts }, () => 0);
    this.completionTokens = Array.from({ length: shape.prompts * shape.n }, () => 0);
  }

  event(event: CompletionEvent): string {
    if (event.type === 'admitted') this.promptTokens[event.prompt] = event.promptTokens;
    if (event.type === 'usage') return this.usage(event);
    if (event.type === 'chunk') for (const { index, tokenIds } of event.choices) this.count(index, tokenIds.length);
    return this.pieces
      .of(event)
      .map((piece) => this.chunk(piece))
      .join('');
  }

  done(): string {
    return DONE;
  }

  private count(index: number, tokens: number): void {
    this.completionTokens[index]! += tokens;
  }

  /** Empty where a piece has nothing to show, as while a possible stop string is held back. */
  private chunk({ index, text, logprobs, finishReason, tokenIds, promptTokenIds }: CompletionPiece): string {
    const shown = text !== '' || logprobs !== null || finishReason !== null || tokenIds.length > 0;
    if (!shown && promptTokenIds === null) return '';
    const prompt = promptTokenIds === null ? '' : `,"prompt_token_ids":[${promptTokenIds.join(',')}]`;
    const ids = this.shape.tokenIds ? `,"token_ids":[${tokenIds.join(',')}]${prompt}` : '';
    const finish = finishReason === null ? 'null' : `"${finishReason}"`;
    const told = logprobs === null ? 'null' : JSON.stringify(logprobs);
    const choice = `{"index":${index},"text":${JSON.stringify(text)},"logprobs":${told},"finish_reason":${finish}${ids}}`;
    return `${this.head}${choice}${this.shape.continuousUsage ? this.usageSoFar(index) : this.tail}`;
  }

  /** The one chunk without choices; empty unless the client asked for it. */
  private usage(event: Extract<CompletionEvent, { type: 'usage' }>): string {
    return this.shape.usage ? `${this.head}],"usage":${JSON.stringify(usageOf(event))}}\n\n` : '';
  }

  /** vLLM's: of this choice alone. */
  private usageSoFar(index: number): string {
    const promptTokens = this.promptTokens[Math.floor(index / this.shape.n)]!;
    const completionTokens = this.completionTokens[index]!;
    const usage = {
      prompt_tokens: promptTokens,
      completion_tokens: completionTokens,
      total_tokens: promptTokens + completionTokens,
    };
    return `],"usage":${JSON.stringify(usage)}}\n\n`;
  }
}
