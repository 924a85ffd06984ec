import type { ChatEvent } from '../chat/chat-event.js';
import type { AnswerWriter } from '../generation/stream-answer.js';
import type { OpenAIError } from '../openai/openai-error.js';
import type { ResponseBody } from './response-body.js';
import { ResponseEvents } from './response-events.js';

/** A response as server-sent events, each named by its type. No [DONE] ends them: the last event says that it is the last. */
export class ResponseWriter implements AnswerWriter<ChatEvent> {
  private readonly events: ResponseEvents;
  private encoded = '';

  constructor(response: ResponseBody, keep: (response: ResponseBody) => boolean) {
    this.events = new ResponseEvents(response, keep, (event) => {
      this.encoded += `event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`;
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
    this.events.fail(error);
    return this.taken();
  }

  private taken(): string {
    const { encoded } = this;
    this.encoded = '';
    return encoded;
  }
}
