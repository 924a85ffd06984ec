import type { ChoiceChunk } from '../python-engine/worker.js';
import type { CompletionEvent } from './completion-event.js';
import { type CompletionLogprobs, LogprobsOfChoice } from './completion-logprobs.js';
import type { CompletionShape } from './completion-shape.js';

/** What one event adds to one choice of the answer. */
export interface CompletionPiece {
  index: number;
  text: string;
  logprobs: CompletionLogprobs | null;
  finishReason: ChoiceChunk['finishReason'];
  /** Empty where they were not asked for, and of a prompt. */
  tokenIds: number[];
  /** Of a prompt alone. */
  promptTokenIds: number[] | null;
}

/** Reads events as pieces of choices: with echo a prompt is the first piece of each of its choices. */
export class CompletionPieces {
  private readonly logprobs: LogprobsOfChoice[];
  private readonly told = new Set<number>();

  constructor(private readonly shape: CompletionShape) {
    this.logprobs = Array.from({ length: shape.prompts * shape.n }, () => new LogprobsOfChoice());
  }

  of(event: CompletionEvent): CompletionPiece[] {
    if (event.type === 'chunk') return event.choices.map((choice) => this.piece(choice));
    return event.type === 'prompt' ? this.prompt(event) : [];
  }

  private prompt({
    prompt,
    text,
    tokenIds,
    logprobs,
  }: Extract<CompletionEvent, { type: 'prompt' }>): CompletionPiece[] {
    if (this.told.has(prompt)) return [];
    this.told.add(prompt);
    const { n, echo } = this.shape;
    return Array.from({ length: n }, (_, choice) => {
      const index = prompt * n + choice;
      return {
        ...{ index, text: echo ? text : '', finishReason: null, tokenIds: [] },
        logprobs: echo && logprobs !== null ? this.ofPrompt(index, logprobs) : null,
        promptTokenIds: this.shape.tokenIds ? tokenIds : null,
      };
    });
  }

  private ofPrompt(index: number, logprobs: Parameters<LogprobsOfChoice['of']>[0]): CompletionLogprobs {
    const told = this.logprobs[index]!.of(logprobs);
    this.logprobs[index]!.promptEnds();
    return told;
  }

  private piece({ index, text, tokenIds, finishReason, logprobs = [] }: ChoiceChunk): CompletionPiece {
    return {
      ...{ index, text, finishReason, promptTokenIds: null },
      logprobs: this.shape.logprobs && logprobs.length > 0 ? this.logprobs[index]!.of(logprobs) : null,
      tokenIds: this.shape.tokenIds ? tokenIds : [],
    };
  }
}
