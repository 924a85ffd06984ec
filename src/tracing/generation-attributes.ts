import type { Attributes } from '@opentelemetry/api';
import type { GenerationRecord } from '../generation/generation-record.js';
import type { GenerateRequest } from '../python-engine/worker.js';

export const operationOf = ({ prompt }: GenerateRequest): string => ('messages' in prompt ? 'chat' : 'text_completion');

/** By OpenTelemetry's semantic conventions for generative AI; never a text. */
export function requestAttributes(record: GenerationRecord, request: GenerateRequest): Attributes {
  const { sampling } = request;
  return present({
    'gen_ai.operation.name': operationOf(request),
    'gen_ai.provider.name': 'nanochat',
    'gen_ai.request.model': record.model,
    'gen_ai.request.choice.count': request.n,
    'gen_ai.request.max_tokens': sampling.maxTokens,
    'gen_ai.request.temperature': sampling.temperature,
    'gen_ai.request.top_p': sampling.topP,
    'gen_ai.request.top_k': sampling.topK,
    'gen_ai.request.presence_penalty': sampling.presencePenalty,
    'gen_ai.request.frequency_penalty': sampling.frequencyPenalty,
    'gen_ai.response.id': record.id,
  });
}

export function answerAttributes(record: GenerationRecord): Attributes {
  return present({
    'gen_ai.response.finish_reasons': record.finishReasons,
    'gen_ai.usage.input_tokens': record.promptTokens ?? undefined,
    'gen_ai.usage.output_tokens': record.completionTokens ?? undefined,
    'error.type': record.outcome === 'finished' ? undefined : (record.errorCode ?? record.outcome ?? undefined),
    'nanochat.outcome': record.outcome ?? undefined,
    'nanochat.worker': record.worker ?? undefined,
    'nanochat.cached_tokens': record.cachedTokens ?? undefined,
    'nanochat.resumes': record.resumes,
  });
}

const present = (attributes: Attributes): Attributes =>
  Object.fromEntries(Object.entries(attributes).filter(([, value]) => value !== undefined));
