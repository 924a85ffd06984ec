import {
  ArrayMaxSize,
  IsArray,
  IsBoolean,
  IsInt,
  IsNotEmpty,
  IsNumber,
  IsObject,
  IsOptional,
  IsString,
  Length,
  Matches,
  Max,
  MaxLength,
  Min,
  ValidateNested,
} from 'class-validator';
import { Described } from '../api-docs/described.decorator.js';
import { refTo } from '../api-docs/schema.js';
import { IsLogitBias } from './logit-bias.validator.js';
import { IsMetadata } from './metadata.validator.js';
import { IsSeed } from './seed.validator.js';
import { StreamOptionsDto } from './stream-options.dto.js';
import { StructuredOutputsDto } from './structured-outputs.dto.js';
import { atLeast, atMost, BOOLEAN, INTEGER, NUMBER, OBJECT, STRING, UNICODE, WELL_FORMED } from './wording.js';

const HIGHEST_TOKEN_ID = 2 ** 31 - 1;

/** Fields that chat completions and completions share: each has its type and bounds, nothing is converted, null means absent. */
export class GenerationDto {
  @MaxLength(256, { message: 'expected at most 256 characters' })
  @IsNotEmpty({ message: 'expected the name of a model' })
  @IsString(STRING)
  model!: string;

  @IsOptional()
  @IsBoolean(BOOLEAN)
  stream?: boolean | null;

  @IsOptional()
  @Described(() => refTo(StreamOptionsDto))
  @ValidateNested()
  @IsObject(OBJECT)
  stream_options?: StreamOptionsDto | null;

  @IsOptional()
  @Max(2, atMost(2))
  @Min(0, atLeast(0))
  @IsNumber({}, NUMBER)
  temperature?: number | null;

  @IsOptional()
  @Max(1, atMost(1))
  @Min(Number.MIN_VALUE, { message: 'expected more than 0' })
  @IsNumber({}, NUMBER)
  top_p?: number | null;

  /** vLLM's; 0 and -1 are off. */
  @IsOptional()
  @Max(200, atMost(200))
  @Min(-1, atLeast(-1))
  @IsInt(INTEGER)
  top_k?: number | null;

  /** vLLM's; 0 is off. */
  @IsOptional()
  @Max(1, atMost(1))
  @Min(0, atLeast(0))
  @IsNumber({}, NUMBER)
  min_p?: number | null;

  @IsOptional()
  @Max(2, atMost(2))
  @Min(-2, atLeast(-2))
  @IsNumber({}, NUMBER)
  presence_penalty?: number | null;

  @IsOptional()
  @Max(2, atMost(2))
  @Min(-2, atLeast(-2))
  @IsNumber({}, NUMBER)
  frequency_penalty?: number | null;

  /** vLLM's; 1 is off. */
  @IsOptional()
  @Max(2, atMost(2))
  @Min(Number.MIN_VALUE, { message: 'expected more than 0' })
  @IsNumber({}, NUMBER)
  repetition_penalty?: number | null;

  @IsOptional()
  @IsLogitBias()
  logit_bias?: Record<string, number> | null;

  @IsOptional()
  @IsSeed()
  seed?: number | bigint | null;

  /** One string or up to four; normalised to an array before validation. */
  @IsOptional()
  @Matches(WELL_FORMED, { each: true, ...UNICODE })
  @Length(1, 64, { each: true, message: 'expected strings of 1 to 64 characters' })
  @IsString({ each: true, message: 'expected a string or an array of strings' })
  @ArrayMaxSize(4, { message: 'expected at most 4 strings' })
  @IsArray({ message: 'expected a string or an array of strings' })
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

  @IsOptional()
  @Max(4096, atMost(4096))
  @Min(1, atLeast(1))
  @IsInt(INTEGER)
  max_tokens?: number | null;

  /** vLLM's: nothing ends the answer before. */
  @IsOptional()
  @Max(4096, atMost(4096))
  @Min(0, atLeast(0))
  @IsInt(INTEGER)
  min_tokens?: number | null;

  @IsOptional()
  @Max(8, atMost(8))
  @Min(1, atLeast(1))
  @IsInt(INTEGER)
  n?: number | null;

  /** vLLM's: go on past the end of the answer, for measuring. */
  @IsOptional()
  @IsBoolean(BOOLEAN)
  ignore_eos?: boolean | null;

  /** vLLM's: the token ids of prompt and answer come with the text. */
  @IsOptional()
  @IsBoolean(BOOLEAN)
  return_token_ids?: boolean | null;

  /** vLLM's: what the text has to match. */
  @IsOptional()
  @Described(() => refTo(StructuredOutputsDto))
  @ValidateNested()
  @IsObject(OBJECT)
  structured_outputs?: StructuredOutputsDto | null;

  /** nanochat's calculator loop; absent: as CALCULATOR says. */
  @IsOptional()
  @IsBoolean(BOOLEAN)
  calculator?: boolean | null;

  /** Changes nothing here. */
  @IsOptional()
  @MaxLength(512, { message: 'expected at most 512 characters' })
  @IsString(STRING)
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
