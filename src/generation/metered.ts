import { finalize, Observable, switchMap, tap } from 'rxjs';
import type { RateLimits } from '../admission/rate-limits.js';
import { ANONYMOUS } from '../openai/caller.js';
import type { ChoiceChunk, GenerateEvent, GenerateRequest } from '../python-engine/worker.js';
import { DEFAULT_MAX_TOKENS } from './check-generation.js';
import type { GenerationRecord } from './generation-record.js';

const CHARACTERS_A_TOKEN = 4;

/** What a generation may take, before anything is tokenized: a token for every four characters, and all that it asks for. */
export function tokensEstimate({ prompt, sampling, n }: GenerateRequest): number {
  return Math.max(1, promptTokens(prompt) + n * (sampling.maxTokens ?? DEFAULT_MAX_TOKENS));
}

/**
 * Holds the tokens that the generation may take, before it waits; at its end, whichever, only those that it took are kept.
 * The generation itself where its caller has no limit.
 */
export function metered(
  limits: RateLimits,
  request: GenerateRequest,
  record: GenerationRecord,
  generation: Observable<GenerateEvent>,
): Observable<GenerateEvent> {
  const caller = record.request?.caller ?? ANONYMOUS;
  if (!limits.counts('tokens', caller)) return generation;
  return reserved(() => limits.tokens(caller, tokensEstimate(request))).pipe(
    switchMap(({ headers, settle }) => {
      record.request?.tell(headers);
      let used = 0;
      return generation.pipe(
        tap((event) => {
          if (event.type === 'admitted') used = event.promptTokens || promptTokens(request.prompt);
          else if (event.type === 'chunk') for (const choice of event.choices) used += tokensOf(choice);
          else if (event.type === 'usage') used = event.promptTokens + event.completionTokens;
        }),
        finalize(() => settle(used)),
      );
    }),
  );
}

/** Who leaves before the tokens are held gives them back. */
function reserved<T extends { settle: (used: number) => unknown }>(reserve: () => Promise<T>): Observable<T> {
  return new Observable<T>((subscriber) => {
    reserve().then(
      (reservation) => {
        if (subscriber.closed) {
          reservation.settle(0);
          return;
        }
        subscriber.next(reservation);
        subscriber.complete();
      },
      (failure: unknown) => subscriber.error(failure),
    );
  });
}

/** Text without tokens is an external engine's, which counts at its end; who leaves before pays by the estimate. */
const tokensOf = ({ tokenIds, text }: ChoiceChunk): number =>
  tokenIds.length > 0 ? tokenIds.length : Math.ceil(text.length / CHARACTERS_A_TOKEN);

function promptTokens(prompt: GenerateRequest['prompt']): number {
  if ('tokenIds' in prompt) return prompt.tokenIds.length;
  const texts = 'text' in prompt ? [prompt.text] : prompt.messages.map(({ content }) => content);
  return Math.ceil(texts.reduce((sum, { length }) => sum + length, 0) / CHARACTERS_A_TOKEN);
}
