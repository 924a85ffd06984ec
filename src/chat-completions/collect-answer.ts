import type { FastifyRequest } from 'fastify';
import type { Observable } from 'rxjs';
import { onDisconnect } from '../openai/disconnect.js';
import { asOpenAIError } from '../openai/to-openai-error.js';
import type { GenerateEvent } from '../python-engine/worker.js';
import type { CollectedAnswer } from './collected-answer.js';

/** Resolves with the whole answer, or with null when the client has gone, which ends the generation. */
export function collectAnswer(
  events: Observable<GenerateEvent>,
  answer: CollectedAnswer,
  request: FastifyRequest,
): Promise<ReturnType<CollectedAnswer['body']> | null> {
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
