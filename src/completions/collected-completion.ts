import type { AnswerIdentity } from '../generation/answer-identity.js';
import type { Collector } from '../generation/collect-answer.js';
import { usageOf } from '../generation/usage.js';
import { halfAnswer } from '../openai/error-catalogue.js';
import type { CompletionEvent } from './completion-event.js';
import type { CompletionLogprobs } from './completion-logprobs.js';
import { type CompletionPiece, CompletionPieces } from './completion-piece.js';
import type { CompletionShape } from './completion-shape.js';

interface Choice {
  parts: string[];
  logprobs: CompletionLogprobs;
  tokenIds: number[];
  promptTokenIds: number[] | null;
  finishReason: CompletionPiece['finishReason'];
}

/** Collects all prompts' events into the one object that a client without a stream gets. */
export class CollectedCompletion implements Collector<CompletionEvent, object> {
  private readonly choices: Choice[];
  private readonly pieces: CompletionPieces;
  private usage: ReturnType<typeof usageOf> | null = null;

  constructor(
    private readonly identity: AnswerIdentity,
    private readonly shape: CompletionShape,
  ) {
    this.pieces = new CompletionPieces(shape);
    this.choices = Array.from({ length: shape.prompts * shape.n }, () => ({
      parts: [],
      logprobs: { tokens: [], token_logprobs: [], top_logprobs: [], text_offset: [] },
      tokenIds: [],
      promptTokenIds: null,
      finishReason: null,
    }));
  }

  take(event: CompletionEvent): void {
    if (event.type === 'usage') this.usage = usageOf(event);
    for (const piece of this.pieces.of(event)) this.add(piece);
  }

  /** Throws 503 when a choice has no end or the usage is missing: half an answer is never passed off as a whole one. */
  body(): object {
    const { id, created, model, fingerprint } = this.identity;
    if (this.usage === null || this.choices.some(({ finishReason }) => finishReason === null)) {
      throw halfAnswer();
    }
    return {
      id,
      object: 'text_completion',
      created,
      model,
      choices: this.choices.map(({ parts, logprobs, tokenIds, promptTokenIds, finishReason }, index) => ({
        index,
        text: parts.join(''),
        logprobs: this.shape.logprobs ? logprobs : null,
        finish_reason: finishReason,
        ...(this.shape.tokenIds ? { token_ids: tokenIds, prompt_token_ids: promptTokenIds ?? [] } : {}),
      })),
      usage: this.usage,
      system_fingerprint: fingerprint,
    };
  }

  private add({ index, text, logprobs, tokenIds, promptTokenIds, finishReason }: CompletionPiece): void {
    const choice = this.choices[index];
    if (choice === undefined) return;
    choice.parts.push(text);
    choice.tokenIds.push(...tokenIds);
    choice.promptTokenIds ??= promptTokenIds;
    choice.finishReason ??= finishReason;
    if (logprobs === null) return;
    choice.logprobs.tokens.push(...logprobs.tokens);
    choice.logprobs.token_logprobs.push(...logprobs.token_logprobs);
    choice.logprobs.top_logprobs.push(...logprobs.top_logprobs);
    choice.logprobs.text_offset.push(...logprobs.text_offset);
  }
}
