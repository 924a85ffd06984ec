import type { ChatEvent } from '../chat/chat-event.js';
import type { AnswerWriter } from '../generation/stream-answer.js';
import type { OpenAIError } from '../openai/openai-error.js';
import type { MessageBody } from './message-body.js';
import { MessageEvents } from './message-events.js';
import { messagesError } from './messages-error.js';

/** A message as server-sent events, each named by its type; message_stop or error is the last. */
export class MessageWriter implements AnswerWriter<ChatEvent> {
  private readonly events: MessageEvents;
  private encoded = '';

  constructor(
    message: MessageBody,
    private readonly requestId: string,
  ) {
    this.events = new MessageEvents(message, (type, fields) => {
      this.encoded += encode(type, { type, ...fields });
    });
  }

  event(event: ChatEvent): string {
    this.events.take(event);
    return this.taken();
  }

  done(): string {
    this.events.finish();
    return this.taken();
  }

  failure(error: OpenAIError): string {
    return encode('error', messagesError(error, this.requestId).body);
  }

  private taken(): string {
    const { encoded } = this;
    this.encoded = '';
    return encoded;
  }
}

const encode = (type: string, data: object): string => `event: ${type}\ndata: ${JSON.stringify(data)}\n\n`;
