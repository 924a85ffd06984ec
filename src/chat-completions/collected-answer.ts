import type { ChatChoice, ChatEvent } from '../chat/chat-event.js';
import type { AnswerIdentity } from '../generation/answer-identity.js';
import { usageOf } from '../generation/usage.js';
import { engineFailed } from '../openai/error-catalogue.js';

interface Choice {
  parts: string[];
  finishReason: ChatChoice['finishReason'];
}

/** Collects an engine's events into the one object that a client without a stream gets. */
export class CollectedAnswer {
  private readonly choices: Choice[];
  private usage: ReturnType<typeof usageOf> | null = null;

  constructor(
    private readonly identity: AnswerIdentity,
    n: number,
  ) {
    this.choices = Array.from({ length: n }, () => ({ parts: [], finishReason: null }));
  }

  take(event: ChatEvent): void {
    if (event.type === 'usage') this.usage = usageOf(event);
    if (event.type !== 'chunk') return;
    for (const { index, text, finishReason } of event.choices) {
      const choice = this.choices[index];
      if (choice === undefined) continue;
      choice.parts.push(text);
      choice.finishReason ??= finishReason;
    }
  }

  /** Throws 503 when a choice has no end or the usage is missing: half an answer is never passed off as a whole one. */
  body() {
    const { id, created, model, fingerprint } = this.identity;
    if (this.usage === null || this.choices.some(({ finishReason }) => finishReason === null)) {
      throw engineFailed('The engine ended its answer before it was complete.');
    }
    return {
      id,
      object: 'chat.completion',
      created,
      model,
      choices: this.choices.map(({ parts, finishReason }, index) => ({
        index,
        message: { role: 'assistant', content: parts.join(''), refusal: null, annotations: [] },
        logprobs: null,
        finish_reason: finishReason,
      })),
      usage: this.usage,
      system_fingerprint: fingerprint,
      service_tier: 'default',
    };
  }
}
