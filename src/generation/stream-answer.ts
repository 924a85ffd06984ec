import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Observable } from 'rxjs';
import type { Settings } from '../config/settings.js';
import { onDisconnect } from '../openai/disconnect.js';
import { EventStream } from '../openai/event-stream.js';
import type { OpenAIError } from '../openai/openai-error.js';
import { RequestRecord } from '../openai/request-record.js';
import { asOpenAIError } from '../openai/to-openai-error.js';
import type { GenerationRecord } from './generation-record.js';

/** A dialect's side of a stream: server-sent events, encoded and whole, or nothing. */
export interface AnswerWriter<Event> {
  /** Empty where this event has nothing to show; the status is out with the first text. */
  event(event: Event): string;
  /** What ends a whole answer. Throws where it is not whole. */
  done(): string;
  /** What ends an answer that failed after the status was out. */
  failure(error: OpenAIError): string;
}

/**
 * Sends the events as a stream; resolves when the last byte is handed over or the client is gone. Rejects with what went
 * wrong before the status was out; after that a failure is an event of the stream.
 */
export function streamAnswer<Event extends { type: string }>(
  events: Observable<Event>,
  makeWriter: () => AnswerWriter<Event>,
  request: FastifyRequest,
  reply: FastifyReply,
  { pingSeconds, clientBufferBytes, clientStallSeconds }: Settings,
  record: GenerationRecord,
): Promise<void> {
  const limits = { pingMs: pingSeconds * 1000, bufferBytes: clientBufferBytes, stallMs: clientStallSeconds * 1000 };
  return new Promise((resolve, reject) => {
    const beforeHead = (): void => {
      reply.hijack();
      reply.raw.setHeader('openai-processing-ms', String(RequestRecord.of(request.raw).elapsedMs));
    };
    let made: AnswerWriter<Event> | undefined;
    // Not sooner than the first event: while the engine computes there is time for it.
    const writer = () => (made ??= makeWriter());
    const stream = new EventStream(reply.raw, limits, beforeHead, () => record.end('cut_off'));
    const settle = (finish: () => void): void => {
      stopListening();
      stream.close();
      finish();
    };
    const stopListening = onDisconnect(request.raw, () => {
      subscription.unsubscribe();
      settle(resolve);
    });
    const subscription = events.subscribe({
      next: (event) => {
        if (event.type === 'admitted') stream.start();
        const encoded = writer().event(event);
        if (encoded !== '') stream.write(encoded);
      },
      error: (failure: unknown) => {
        if (!stream.opened) {
          settle(() => reject(asOpenAIError(failure)));
          return;
        }
        stream.end(writer().failure(asOpenAIError(failure)));
        settle(resolve);
      },
      complete: () => {
        stream.end(lastEvents(writer()));
        settle(resolve);
      },
    });
  });
}

/** An engine that says it has finished, and has not, must not take the gateway along. */
function lastEvents<Event>(writer: AnswerWriter<Event>): string {
  try {
    return writer.done();
  } catch (failure) {
    return writer.failure(asOpenAIError(failure));
  }
}
