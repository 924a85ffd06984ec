import { ArrayMaxSize, IsArray, IsInt, IsObject, IsOptional, Max, Min, ValidateNested } from 'class-validator';
import { Described } from '../api-docs/described.decorator.js';
import { refTo } from '../api-docs/schema.js';
import { IsLogitBias } from './logit-bias.validator.js';
import { IsMetadata } from './metadata.validator.js';
import { IsSeed } from './seed.validator.js';
import { StreamOptionsDto } from './stream-options.dto.js';
import { StructuredOutputsDto } from './structured-outputs.dto.js';
import { atLeast, atMost, OBJECT } from './wording.js';
import {
  ModelName,
  OptionalBoolean,
  OptionalInteger,
  OptionalNumber,
  OptionalPositive,
  OptionalString,
  OptionalStops,
} from './field.decorator.js';

const HIGHEST_TOKEN_ID = 2 ** 31 - 1;

/** Fields that chat completions and completions share: each has its type and bounds, nothing is converted, null means absent. */
export class GenerationDto {
  @ModelName()
  model!: string;

  @OptionalBoolean()
  stream?: boolean | null;

  @IsOptional()
  @Described(() => refTo(StreamOptionsDto))
  @ValidateNested()
  @IsObject(OBJECT)
  stream_options?: StreamOptionsDto | null;

  @OptionalNumber(0, 2)
  temperature?: number | null;

  @OptionalPositive(1)
  top_p?: number | null;

  /** vLLM's; 0 and -1 are off. */
  @OptionalInteger(-1, 200)
  top_k?: number | null;

  /** vLLM's; 0 is off. */
  @OptionalNumber(0, 1)
  min_p?: number | null;

  @OptionalNumber(-2, 2)
  presence_penalty?: number | null;

  @OptionalNumber(-2, 2)
  frequency_penalty?: number | null;

  /** vLLM's; 1 is off. */
  @OptionalPositive(2)
  repetition_penalty?: number | null;

  @IsOptional()
  @IsLogitBias()
  logit_bias?: Record<string, number> | null;

  @IsOptional()
  @IsSeed()
  seed?: number | bigint | null;

  /** One string or up to four; normalised to an array before validation. */
  @OptionalStops('expected a string or an array of strings')
  @Described((several) => ({ anyOf: [{ type: 'string', minLength: 1, maxLength: 64 }, several] }))
  stop?: string[] | null;

  /** vLLM's; ids below the vocabulary's size, which the engine knows. */
  @IsOptional()
  @Max(HIGHEST_TOKEN_ID, { each: true, ...atMost(HIGHEST_TOKEN_ID) })
  @Min(0, { each: true, ...atLeast(0) })
  @IsInt({ each: true, message: 'expected an array of token ids' })
  @ArrayMaxSize(64, { message: 'expected at most 64 token ids' })
  @IsArray({ message: 'expected an array of token ids' })
  stop_token_ids?: number[] | null;

  @OptionalInteger(1, 4096)
  max_tokens?: number | null;

  /** vLLM's: nothing ends the answer before. */
  @OptionalInteger(0, 4096)
  min_tokens?: number | null;

  @OptionalInteger(1, 8)
  n?: number | null;

  /** vLLM's: go on past the end of the answer, for measuring. */
  @OptionalBoolean()
  ignore_eos?: boolean | null;

  /** vLLM's: the token ids of prompt and answer come with the text. */
  @OptionalBoolean()
  return_token_ids?: boolean | null;

  /** vLLM's: what the text has to match. */
  @IsOptional()
  @Described(() => refTo(StructuredOutputsDto))
  @ValidateNested()
  @IsObject(OBJECT)
  structured_outputs?: StructuredOutputsDto | null;

  /** nanochat's calculator loop; absent: as CALCULATOR says. */
  @OptionalBoolean()
  calculator?: boolean | null;

  /** Changes nothing here. */
  @OptionalString(512)
  user?: string | null;

  /** Changes nothing here. */
  @IsOptional()
  @IsMetadata()
  metadata?: Record<string, string> | null;
}

/** The checked fields, for code that reads them and validates nothing. */
export type GenerationFields = GenerationDto;

/** Their names. */
export const GENERATION_FIELDS = [
  ...['model', 'stream', 'stream_options', 'temperature', 'top_p', 'top_k', 'min_p'],
  ...['presence_penalty', 'frequency_penalty', 'repetition_penalty', 'logit_bias'],
  ...['seed', 'stop', 'stop_token_ids', 'max_tokens', 'min_tokens', 'n', 'ignore_eos'],
  ...['return_token_ids', 'structured_outputs', 'calculator', 'user', 'metadata'],
] as const;
