import type { ChoiceResume, GenerateRequest, Prompt, SamplingParams } from '../worker.js';

/** In Node since 21; TypeScript's library does not know it yet. */
const { rawJSON } = JSON as typeof JSON & { rawJSON: (text: string) => unknown };

/** The body of `POST /generate`. A seed over 2^53 stays the integer that it is. */
export function generateBody(request: GenerateRequest): string {
  return JSON.stringify({
    request_id: request.requestId,
    ...promptFields(request.prompt),
    sampling: samplingFields(request.sampling),
    n: request.n,
    calculator: request.calculator,
    constraint: request.constraint,
    echo: request.echo,
    prompt_logprobs: request.promptLogprobs,
    cache_salt: request.cacheSalt,
    resume: request.resume && { choices: request.resume.map(resumeFields) },
  });
}

const resumeFields = ({ index, tokenIds, textOffset }: ChoiceResume) => ({
  ...{ index, token_ids: tokenIds, text_offset: textOffset },
});

export function promptFields(prompt: Prompt): Record<string, unknown> {
  if ('text' in prompt) return { prompt: prompt.text };
  if ('tokenIds' in prompt) return { prompt_token_ids: prompt.tokenIds };
  return { messages: prompt.messages.map(({ role, content }) => ({ role, content })) };
}

export function samplingFields(sampling: SamplingParams): Record<string, unknown> {
  return {
    temperature: sampling.temperature,
    top_k: sampling.topK,
    top_p: sampling.topP,
    min_p: sampling.minP,
    seed: typeof sampling.seed === 'bigint' ? rawJSON(sampling.seed.toString()) : sampling.seed,
    max_tokens: sampling.maxTokens,
    min_tokens: sampling.minTokens,
    stop: sampling.stop,
    stop_token_ids: sampling.stopTokenIds,
    ignore_eos: sampling.ignoreEos,
    presence_penalty: sampling.presencePenalty,
    frequency_penalty: sampling.frequencyPenalty,
    repetition_penalty: sampling.repetitionPenalty,
    logit_bias: sampling.logitBias,
    logprobs: sampling.logprobs,
  };
}
