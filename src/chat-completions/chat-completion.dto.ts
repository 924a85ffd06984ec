import {
  ArrayMaxSize,
  ArrayNotEmpty,
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
import { IsSeed } from '../generation/seed.validator.js';
import { ChatMessageDto } from './chat-message.dto.js';
import { StreamOptionsDto } from './stream-options.dto.js';

const NUMBER = { message: 'expected a number' };
const INTEGER = { message: 'expected a whole number' };
const BOOLEAN = { message: 'expected true or false' };
const STRING = { message: 'expected a string' };
const atLeast = (low: number) => ({ message: `expected at least ${low}` });
const atMost = (high: number) => ({ message: `expected at most ${high}` });

/** The body of a chat completion: every field has its type and bounds, nothing is converted, and null means absent. */
export class ChatCompletionDto {
  @MaxLength(256, { message: 'expected at most 256 characters' })
  @IsNotEmpty({ message: 'expected the name of a model' })
  @IsString(STRING)
  model!: string;

  @ValidateNested({ each: true, message: 'expected objects with a role and content' })
  @ArrayNotEmpty({ message: 'expected at least one message' })
  @IsArray({ message: 'expected an array of messages' })
  messages!: ChatMessageDto[];

  @IsOptional()
  @IsBoolean(BOOLEAN)
  stream?: boolean | null;

  @IsOptional()
  @ValidateNested()
  @IsObject({ message: 'expected an object' })
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

  /** Not OpenAI's; 0 and -1 are off. */
  @IsOptional()
  @Max(200, atMost(200))
  @Min(-1, atLeast(-1))
  @IsInt(INTEGER)
  top_k?: number | null;

  @IsOptional()
  @IsSeed()
  seed?: number | bigint | null;

  /** One string or up to four; normalised to an array before validation. */
  @IsOptional()
  @Matches(/^\P{Surrogate}*$/u, { each: true, message: 'expected well-formed Unicode, but got an unpaired surrogate' })
  @Length(1, 64, { each: true, message: 'expected strings of 1 to 64 characters' })
  @IsString({ each: true, message: 'expected a string or an array of strings' })
  @ArrayMaxSize(4, { message: 'expected at most 4 strings' })
  @IsArray({ message: 'expected a string or an array of strings' })
  stop?: string[] | null;

  @IsOptional()
  @Max(4096, atMost(4096))
  @Min(1, atLeast(1))
  @IsInt(INTEGER)
  max_tokens?: number | null;

  @IsOptional()
  @Max(4096, atMost(4096))
  @Min(1, atLeast(1))
  @IsInt(INTEGER)
  max_completion_tokens?: number | null;

  @IsOptional()
  @Max(8, atMost(8))
  @Min(1, atLeast(1))
  @IsInt(INTEGER)
  n?: number | null;

  /** Not OpenAI's: go on past the end of the answer, for measuring. */
  @IsOptional()
  @IsBoolean(BOOLEAN)
  ignore_eos?: boolean | null;

  /** Not OpenAI's: nanochat's calculator loop, on unless false. */
  @IsOptional()
  @IsBoolean(BOOLEAN)
  calculator?: boolean | null;
}

/** The checked request, for code that reads it and validates nothing. */
export type ChatCompletionRequest = ChatCompletionDto;
