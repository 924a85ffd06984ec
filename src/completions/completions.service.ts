import { Injectable } from '@nestjs/common';
import { catchError, from, map, mergeMap, type Observable, tap } from 'rxjs';
import type { AnswerIdentity } from '../generation/answer-identity.js';
import { GenerationRecord } from '../generation/generation-record.js';
import { GenerationService } from '../generation/generation.service.js';
import { showsTokens } from '../generation/shows-tokens.js';
import { samplingOf } from '../generation/sampling-of.js';
import { constraintOf } from '../generation/structured-outputs.js';
import { OpenAIError } from '../openai/openai-error.js';
import type { GenerateEvent, GenerateRequest } from '../python-engine/worker.js';
import type { CompletionPrompt } from './completion-prompt.js';
import type { CompletionEvent } from './completion-event.js';
import type { CompletionRequest } from './completion.dto.js';
import { COMPLETION_MAX_TOKENS } from './parse-completion.pipe.js';
import { together } from './together.js';

/** Prompts of one request that are in the queue or with a worker at a time: as many as run side by side by default. */
const AT_ONCE = 16;

/** Completions: each prompt is a generation of its own. It knows no HTTP. */
@Injectable()
export class CompletionsService {
  constructor(private readonly generation: GenerationService) {}

  identify(body: CompletionRequest): AnswerIdentity {
    return this.generation.identify('cmpl-', body.model);
  }

  /** Unsubscribing ends every generation, and so does the failure of one, which is the failure of all. */
  answer(body: CompletionRequest, record: GenerationRecord): Observable<CompletionEvent> {
    const { prompt: prompts, model, stream } = body;
    const [n, several] = [body.n ?? 1, prompts.length > 1];
    const one = (prompt: CompletionPrompt, index: number) => {
      const id = several ? `${record.id}-${index}` : record.id;
      const own = several ? new GenerationRecord(id, model, stream ?? false, n, record.request) : record;
      return this.generation.generate(requestOf(body, prompt, id), own).pipe(
        catchError((failure: unknown) => {
          throw clientsNames(failure, several ? `prompt[${index}]` : 'prompt');
        }),
        map((event) => placed(event, index, n)),
      );
    };
    const events = from(prompts).pipe(mergeMap(one, AT_ONCE), together(prompts.length, AT_ONCE));
    return several ? events.pipe(noteIn(record)) : events;
  }
}

function requestOf(body: CompletionRequest, prompt: CompletionPrompt, requestId: string): GenerateRequest {
  const { echo, logprobs, structured_outputs: outputs } = body;
  return {
    requestId,
    prompt,
    sampling: samplingOf(body, { maxTokens: body.max_tokens ?? COMPLETION_MAX_TOKENS, logprobs: logprobs ?? null }),
    n: body.n ?? 1,
    calculator: false,
    ...(outputs == null ? {} : { constraint: constraintOf(outputs) }),
    ...(echo || body.return_token_ids ? { echo: true } : {}),
    ...(showsTokens(body) ? { tokenIds: true } : {}),
    ...(echo && logprobs != null ? { promptLogprobs: logprobs } : {}),
  };
}

function placed(event: GenerateEvent, prompt: number, n: number): CompletionEvent {
  if (event.type === 'prompt' || event.type === 'admitted') return { ...event, prompt };
  if (event.type === 'usage') return event;
  return { type: 'chunk', choices: event.choices.map((choice) => ({ ...choice, index: prompt * n + choice.index })) };
}

/** The engine knows neither which prompt it was nor our names of its fields. */
function clientsNames(failure: unknown, prompt: string): unknown {
  if (!(failure instanceof OpenAIError)) return failure;
  if (failure.param === 'constraint') return failure.renamed('structured_outputs');
  return failure.param === 'prompt' || failure.param === 'prompt_token_ids' ? failure.renamed(prompt) : failure;
}

/** Of several prompts each has a record of its own; this one is that of the request. */
const noteIn = (record: GenerationRecord) =>
  tap<CompletionEvent>({
    next: (event) => record.take(event),
    complete: () => record.end('finished'),
    error: (failure: unknown) => {
      const code = failure instanceof OpenAIError ? failure.code : 'internal_error';
      record.end(record.firstTokenMs === null ? 'refused' : 'failed', code);
    },
    unsubscribe: () => record.end('aborted'),
  });
