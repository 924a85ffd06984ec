import type { ChatChoice, ChatEvent } from '../chat/chat-event.js';
import type { AnswerIdentity } from '../generation/answer-identity.js';
import { usageOf } from '../generation/usage.js';
import { halfAnswer } from '../openai/error-catalogue.js';
import type { Calculation } from '../python-engine/worker.js';
import { type AnswerShape, finishReasonOf } from './answer-shape.js';
import { LogprobsContent } from './logprobs-content.js';
import { collectCall, type CollectedCall } from './tool-call-wire.js';

interface Choice {
  parts: string[];
  calls: CollectedCall[];
  calculations: Calculation[];
  tokenIds: number[];
  logprobs: LogprobsContent;
  content: ReturnType<LogprobsContent['of']>;
  finishReason: ChatChoice['finishReason'];
}

/** Collects an engine's events into the one object that a client without a stream gets. */
export class CollectedAnswer {
  private readonly choices: Choice[];
  private promptIds: readonly number[] | null = null;
  private usage: ReturnType<typeof usageOf> | null = null;

  constructor(
    private readonly identity: AnswerIdentity,
    private readonly shape: AnswerShape,
  ) {
    this.choices = Array.from({ length: shape.n }, () => ({
      ...{ parts: [], calls: [], calculations: [], tokenIds: [], content: [], finishReason: null },
      logprobs: new LogprobsContent(shape),
    }));
  }

  take(event: ChatEvent): void {
    if (event.type === 'usage') this.usage = usageOf(event);
    else if (event.type === 'prompt') this.promptIds = event.tokenIds;
    else if (event.type === 'chunk') for (const chunk of event.choices) this.add(chunk);
  }

  /** Throws 503 when a choice has no end or the usage is missing: half an answer is never passed off as a whole one. */
  body() {
    const { id, created, model, fingerprint } = this.identity;
    if (this.usage === null || this.choices.some(({ finishReason }) => finishReason === null)) {
      throw halfAnswer();
    }
    return {
      id,
      object: 'chat.completion',
      created,
      model,
      choices: this.choices.map((choice, index) => this.choice(choice, index)),
      usage: this.usage,
      system_fingerprint: fingerprint,
      service_tier: 'default',
      ...(this.promptIds === null ? {} : { prompt_token_ids: this.promptIds }),
    };
  }

  private add(chunk: ChatChoice): void {
    const choice = this.choices[chunk.index];
    if (choice === undefined) return;
    choice.parts.push(chunk.text);
    for (const delta of chunk.toolCalls ?? []) collectCall(choice.calls, delta);
    choice.calculations.push(...(chunk.calculations ?? []));
    if (this.shape.tokenIds) choice.tokenIds.push(...chunk.tokenIds);
    if (this.shape.logprobs) choice.content.push(...choice.logprobs.of(chunk));
    choice.finishReason ??= finishReasonOf(chunk, this.shape);
  }

  private choice({ parts, calls, calculations, tokenIds, content, finishReason }: Choice, index: number) {
    const called = calls.length > 0;
    return {
      index,
      message: {
        role: 'assistant',
        content: called ? null : parts.join(''),
        refusal: null,
        annotations: [],
        ...(called ? { tool_calls: calls } : {}),
        ...(calculations.length > 0 ? { calculations } : {}),
      },
      logprobs: this.shape.logprobs ? { content, refusal: null } : null,
      finish_reason: finishReason,
      ...(this.shape.tokenIds ? { token_ids: tokenIds } : {}),
    };
  }
}
