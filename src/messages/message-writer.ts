import type { ChatEvent } from '../chat/chat-event.js';
import { namedEvent, NamedEvents } from '../generation/named-events.js';
import type { AnswerWriter } from '../generation/stream-answer.js';
import type { OpenAIError } from '../openai/openai-error.js';
import type { MessageBody } from './message-body.js';
import { MessageEvents } from './message-events.js';
import { messagesError } from './messages-error.js';

/** A message as server-sent events; message_stop or error is the last. */
export class MessageWriter implements AnswerWriter<ChatEvent> {
  private readonly sent = new NamedEvents();
  private readonly events: MessageEvents;

  constructor(
    message: MessageBody,
    private readonly requestId: string,
  ) {
    this.events = new MessageEvents(message, this.sent.add);
  }

  event(event: ChatEvent): string {
    this.events.take(event);
    return this.sent.taken();
  }

  done(): string {
    this.events.body();
    return this.sent.taken();
  }

  failure(error: OpenAIError): string {
    return namedEvent('error', messagesError(error, this.requestId).body);
  }
}
