import type { ChatChoice, ChatEvent } from '../chat/chat-event.js';
import type { AnswerIdentity } from '../generation/answer-identity.js';
import type { AnswerWriter } from '../generation/stream-answer.js';
import { usageOf } from '../generation/usage.js';
import { DONE, failureEvents } from '../openai/event-stream.js';

/**
 * An engine's events as server-sent chunks, in OpenAI's order: the role of each choice, its text, its finish, then usage.
 * What all chunks share is encoded once, so that a token costs one JSON.stringify of its text.
 */
export class ChunkWriter implements AnswerWriter<ChatEvent> {
  private readonly head: string;
  private readonly tail: string;
  private begun = false;

  constructor(
    identity: AnswerIdentity,
    private readonly n: number,
    private readonly includeUsage: boolean,
  ) {
    const { id, created, model, fingerprint } = identity;
    const shared = { id, object: 'chat.completion.chunk', created, model, system_fingerprint: fingerprint };
    this.head = `data: ${JSON.stringify(shared).slice(0, -1)},"choices":[`;
    this.tail = includeUsage ? '],"usage":null}\n\n' : ']}\n\n';
  }

  event(event: ChatEvent): string {
    if (event.type === 'chunk') return this.chunks(event.choices);
    return event.type === 'usage' ? this.usage(event) : '';
  }

  done(): string {
    return DONE;
  }

  readonly failure = failureEvents;

  private chunks(choices: readonly ChatChoice[]): string {
    let events = this.roles();
    for (const { index, text, finishReason } of choices) {
      if (text !== '') events += this.choice(index, `{"content":${JSON.stringify(text)}}`, 'null');
      if (finishReason !== null) events += this.choice(index, '{}', `"${finishReason}"`);
    }
    return events;
  }

  /** The one chunk without choices; empty unless the client asked for it. */
  private usage(event: Extract<ChatEvent, { type: 'usage' }>): string {
    return this.includeUsage ? `${this.head}],"usage":${JSON.stringify(usageOf(event))}}\n\n` : '';
  }

  private roles(): string {
    if (this.begun) return '';
    this.begun = true;
    let events = '';
    for (let index = 0; index < this.n; index++) {
      events += this.choice(index, '{"role":"assistant","content":"","refusal":null}', 'null');
    }
    return events;
  }

  private choice(index: number, delta: string, finish: string): string {
    return `${this.head}{"index":${index},"delta":${delta},"logprobs":null,"finish_reason":${finish}}${this.tail}`;
  }
}
