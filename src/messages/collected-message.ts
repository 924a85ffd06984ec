import type { ChatEvent } from '../chat/chat-event.js';
import type { Collector } from '../generation/collect-answer.js';
import type { MessageBody } from './message-body.js';
import { MessageEvents } from './message-events.js';

/** The message that a client without a stream gets. */
export class CollectedMessage implements Collector<ChatEvent, MessageBody> {
  private readonly events: MessageEvents;

  constructor(message: MessageBody) {
    this.events = new MessageEvents(message, () => {});
  }

  take(event: ChatEvent): void {
    this.events.take(event);
  }

  body(): MessageBody {
    this.events.finish();
    return this.events.message;
  }
}
