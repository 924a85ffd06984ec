import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Observable } from 'rxjs';
import { onDisconnect } from '../openai/disconnect.js';
import { EventStream, type EventStreamLimits } from '../openai/event-stream.js';
import { RequestRecord } from '../openai/request-record.js';
import { asOpenAIError } from '../openai/to-openai-error.js';
import type { GenerateEvent } from '../python-engine/worker.js';
import type { ChunkWriter } from './chunk-writer.js';

/**
 * Sends the events as a stream; resolves when the last byte is handed over or the client is gone. Rejects with what went
 * wrong before the status was out; after that a failure is an event of the stream.
 */
export function streamAnswer(
  events: Observable<GenerateEvent>,
  writer: ChunkWriter,
  request: FastifyRequest,
  reply: FastifyReply,
  limits: EventStreamLimits & { onCutOff: () => void },
): Promise<void> {
  return new Promise((resolve, reject) => {
    const beforeHead = (): void => {
      reply.hijack();
      reply.raw.setHeader('openai-processing-ms', String(RequestRecord.of(request.raw).elapsedMs));
    };
    const stream = new EventStream(reply.raw, limits, beforeHead, limits.onCutOff);
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
        else {
          const encoded = event.type === 'chunk' ? writer.chunks(event.choices) : writer.usage(event);
          if (encoded !== '') stream.write(encoded);
        }
      },
      error: (failure: unknown) => {
        if (!stream.opened) {
          settle(() => reject(asOpenAIError(failure)));
          return;
        }
        stream.end(asOpenAIError(failure).body);
        settle(resolve);
      },
      complete: () => {
        stream.end();
        settle(resolve);
      },
    });
  });
}
