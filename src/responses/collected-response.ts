import type { ChatEvent } from '../chat/chat-event.js';
import type { Collector } from '../generation/collect-answer.js';
import type { ResponseBody } from './response-body.js';
import { ResponseEvents } from './response-events.js';

/** The response that a client without a stream gets. */
export class CollectedResponse implements Collector<ChatEvent, ResponseBody> {
  private readonly events: ResponseEvents;

  constructor(response: ResponseBody, keep: (response: ResponseBody) => boolean) {
    this.events = new ResponseEvents(response, keep, () => {});
  }

  take(event: ChatEvent): void {
    this.events.take(event);
  }

  body(): ResponseBody {
    this.events.finish();
    return this.events.response;
  }
}
