import { IsDefined } from 'class-validator';
import { Described } from '../api-docs/described.decorator.js';
import { described } from '../generation/client-extras.js';
import { GenerationDto } from '../generation/generation.dto.js';
import { COMPLETION_EXTRAS } from './completion-extras.js';
import type { CompletionPrompt } from './completion-prompt.js';
import { PROMPT_SCHEMA } from './prompts.js';
import { OptionalBoolean, OptionalInteger } from '../generation/field.decorator.js';

/** The body of a completion. */
@Described(described(COMPLETION_EXTRAS))
export class CompletionDto extends GenerationDto {
  /** Always an array of prompts once it is parsed. */
  @Described(() => PROMPT_SCHEMA)
  @IsDefined()
  prompt!: CompletionPrompt[];

  /** 0 with `echo` alone. */
  @OptionalInteger(0, 4096)
  override max_tokens: number | null = null;

  /** The prompt's text comes before the answer's. */
  @OptionalBoolean()
  echo?: boolean | null;

  /** OpenAI's own limit is 5. */
  @OptionalInteger(0, 20)
  logprobs?: number | null;

  /** Only as much as `n`: nothing is generated that is not returned. */
  @OptionalInteger(1, 8)
  best_of?: number | null;
}

/** The checked request, for code that reads it and validates nothing. */
export type CompletionRequest = CompletionDto;
