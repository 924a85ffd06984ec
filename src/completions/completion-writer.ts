import type { AnswerIdentity } from '../generation/answer-identity.js';
import { ChunkFrame } from '../generation/chunk-frame.js';
import type { AnswerWriter } from '../generation/stream-answer.js';
import { halfAnswer } from '../openai/error-catalogue.js';
import { DONE, failureEvents } from '../openai/event-stream.js';
import type { CompletionEvent } from './completion-event.js';
import { type CompletionPiece, CompletionPieces } from './completion-piece.js';
import type { CompletionShape } from './completion-shape.js';

/** All prompts' events as server-sent chunks, a choice each, as they come. */
export class CompletionWriter implements AnswerWriter<CompletionEvent> {
  readonly failure = failureEvents;
  private readonly frame: ChunkFrame;
  private readonly pieces: CompletionPieces;
  private readonly promptTokens: number[];
  private readonly completionTokens: number[];
  private finished = 0;

  constructor(
    identity: AnswerIdentity,
    private readonly shape: CompletionShape,
  ) {
    this.frame = new ChunkFrame(identity, 'text_completion', shape);
    this.pieces = new CompletionPieces(shape);
    this.promptTokens = Array.from({ length: shape.prompts }, () => 0);
    this.completionTokens = Array.from({ length: shape.prompts * shape.n }, () => 0);
  }

  event(event: CompletionEvent): string {
    if (event.type === 'admitted') this.promptTokens[event.prompt] = event.promptTokens;
    if (event.type === 'usage') return this.frame.usage(event);
    if (event.type === 'chunk') for (const { index, tokenIds } of event.choices) this.count(index, tokenIds.length);
    return this.pieces
      .of(event)
      .map((piece) => this.chunk(piece))
      .join('');
  }

  done(): string {
    if (this.finished < this.shape.prompts * this.shape.n) throw halfAnswer();
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
    if (finishReason !== null) this.finished++;
    const finish = finishReason === null ? 'null' : `"${finishReason}"`;
    const told = logprobs === null ? 'null' : JSON.stringify(logprobs);
    const choice = `{"index":${index},"text":${JSON.stringify(text)},"logprobs":${told},"finish_reason":${finish}${ids}}`;
    const promptTokens = this.promptTokens[Math.floor(index / this.shape.n)]!;
    return this.frame.chunk(choice, promptTokens, this.completionTokens[index]!);
  }
}
