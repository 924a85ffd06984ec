import { IsBoolean, IsDefined, IsInt, IsOptional, Max, Min } from 'class-validator';
import { Described } from '../api-docs/described.decorator.js';
import { described } from '../generation/client-extras.js';
import { GenerationDto } from '../generation/generation.dto.js';
import { atLeast, atMost, BOOLEAN, INTEGER } from '../generation/wording.js';
import { COMPLETION_EXTRAS } from './completion-extras.js';
import type { CompletionPrompt } from './completion-prompt.js';
import { PROMPT_SCHEMA } from './prompts.js';

/** The body of a completion. */
@Described(described(COMPLETION_EXTRAS))
export class CompletionDto extends GenerationDto {
  /** Always an array of prompts once it is parsed. */
  @Described(() => PROMPT_SCHEMA)
  @IsDefined()
  prompt!: CompletionPrompt[];

  /** 0 with `echo` alone. */
  @IsOptional()
  @Max(4096, atMost(4096))
  @Min(0, atLeast(0))
  @IsInt(INTEGER)
  override max_tokens: number | null = null;

  /** The prompt's text comes before the answer's. */
  @IsOptional()
  @IsBoolean(BOOLEAN)
  echo?: boolean | null;

  /** OpenAI's own limit is 5. */
  @IsOptional()
  @Max(20, atMost(20))
  @Min(0, atLeast(0))
  @IsInt(INTEGER)
  logprobs?: number | null;

  /** Only as much as `n`: nothing is generated that is not returned. */
  @IsOptional()
  @Max(8, atMost(8))
  @Min(1, atLeast(1))
  @IsInt(INTEGER)
  best_of?: number | null;
}

/** The checked request, for code that reads it and validates nothing. */
export type CompletionRequest = CompletionDto;
