import type { FastifyRequest } from 'fastify';
import type { Observable } from 'rxjs';
import { onDisconnect } from '../openai/disconnect.js';
import { asOpenAIError } from '../openai/to-openai-error.js';

/** Gathers events into the one object that a client without a stream gets. */
export interface Collector<Event, Body> {
  take(event: Event): void;
  /** Throws where the events do not make a whole answer. */
  body(): Body;
}

/** Resolves with the whole answer, or with null when the client has gone, which ends the generation. */
export function collectAnswer<Event, Body>(
  events: Observable<Event>,
  answer: Collector<Event, Body>,
  request: FastifyRequest,
): Promise<Body | null> {
  return new Promise((resolve, reject) => {
    const stopListening = onDisconnect(request.raw, () => {
      subscription.unsubscribe();
      resolve(null);
    });
    const subscription = events.subscribe({
      next: (event) => answer.take(event),
      error: (failure: unknown) => {
        stopListening();
        reject(asOpenAIError(failure));
      },
      complete: () => {
        stopListening();
        try {
          resolve(answer.body());
        } catch (failure) {
          reject(asOpenAIError(failure));
        }
      },
    });
  });
}
