import { invalidRequest, invalidValue } from '../openai/error-catalogue.js';
import type { GenerationFields } from './generation.dto.js';

/** Of a request that names none, as the engine has it. */
export const DEFAULT_MAX_TOKENS = 512;
const MAX_TOKENS_OF_ALL_CHOICES = 8192;

/** Fields that must agree with one another. `maxTokens` is what holds where the body has none. Throws 400. */
export function checkGeneration(dto: GenerationFields, maxTokens: number): void {
  const { stream_options: options, n, min_tokens: least } = dto;
  if (options && !dto.stream) {
    throw invalidRequest("The 'stream_options' parameter is only allowed when 'stream' is enabled.", 'stream_options');
  }
  if (options?.continuous_usage_stats && !options.include_usage) {
    const param = 'stream_options.continuous_usage_stats';
    throw invalidRequest(`'${param}' is only allowed with 'include_usage'.`, param);
  }
  if ((n ?? 1) * maxTokens > MAX_TOKENS_OF_ALL_CHOICES) {
    throw invalidValue(
      'n',
      `Invalid 'n': ${n} choices of ${maxTokens} tokens are over the limit of ${MAX_TOKENS_OF_ALL_CHOICES} tokens.`,
    );
  }
  if (least != null && least > maxTokens) {
    throw invalidValue('min_tokens', `Invalid 'min_tokens': ${least} is more than the ${maxTokens} of 'max_tokens'.`);
  }
}
