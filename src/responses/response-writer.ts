import type { ChatEvent } from '../chat/chat-event.js';
import { NamedEvents } from '../generation/named-events.js';
import type { AnswerWriter } from '../generation/stream-answer.js';
import type { OpenAIError } from '../openai/openai-error.js';
import type { ResponseBody } from './response-body.js';
import { type Keep, ResponseEvents } from './response-events.js';

/** A response as server-sent events. No [DONE] ends them: the last event says that it is the last. */
export class ResponseWriter implements AnswerWriter<ChatEvent> {
  private readonly sent = new NamedEvents();
  private readonly events: ResponseEvents;

  constructor(response: ResponseBody, keep: Keep) {
    this.events = new ResponseEvents(response, keep, this.sent.add);
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
    this.events.fail(error);
    return this.sent.taken();
  }
}
