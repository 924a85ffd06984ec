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
} from 'class-validator';
import { Described } from '../api-docs/described.decorator.js';
import { described } from '../generation/client-extras.js';
import {
  atLeast,
  atMost,
  BOOLEAN,
  INTEGER,
  NUMBER,
  OBJECT,
  STRING,
  UNICODE,
  WELL_FORMED,
} from '../generation/wording.js';
import { PROMPT_UNIONS } from './message-schema.js';
import { NEUTRAL } from './request-fields.js';

const BESIDE = { properties: { ...(described(NEUTRAL)['properties'] as object), ...PROMPT_UNIONS } };

/** What creating a message and counting its tokens have in common; what is a union is read beside it. */
@Described(BESIDE)
export class MessagePromptDto {
  @MaxLength(256, { message: 'expected at most 256 characters' })
  @IsNotEmpty({ message: 'expected the name of a model' })
  @IsString(STRING)
  model!: string;

  @ArrayNotEmpty({ message: 'expected at least one message' })
  @IsArray({ message: 'expected an array of messages' })
  messages!: unknown[];

  /** A string, or text blocks. */
  system?: unknown;

  @IsOptional()
  @IsArray({ message: 'expected an array of tools' })
  tools?: unknown[] | null;

  @IsOptional()
  @IsObject(OBJECT)
  tool_choice?: Record<string, unknown> | null;

  @IsOptional()
  @IsObject(OBJECT)
  output_config?: Record<string, unknown> | null;
}

/** The checked fields, for code that reads them and validates nothing. */
export type MessagePrompt = MessagePromptDto;

/** The body of a message to create. */
@Described(BESIDE)
export class CreateMessageDto extends MessagePromptDto {
  @Max(4096, atMost(4096))
  @Min(1, atLeast(1))
  @IsInt(INTEGER)
  max_tokens!: number;

  @IsOptional()
  @IsBoolean(BOOLEAN)
  stream?: boolean | null;

  @IsOptional()
  @Max(1, atMost(1))
  @Min(0, atLeast(0))
  @IsNumber({}, NUMBER)
  temperature?: number | null;

  @IsOptional()
  @Max(1, atMost(1))
  @Min(Number.MIN_VALUE, { message: 'expected more than 0' })
  @IsNumber({}, NUMBER)
  top_p?: number | null;

  /** 0 is off. */
  @IsOptional()
  @Max(200, atMost(200))
  @Min(0, atLeast(0))
  @IsInt(INTEGER)
  top_k?: number | null;

  @IsOptional()
  @Matches(WELL_FORMED, { each: true, ...UNICODE })
  @Length(1, 64, { each: true, message: 'expected strings of 1 to 64 characters' })
  @IsString({ each: true, message: 'expected an array of strings' })
  @ArrayMaxSize(4, { message: 'expected at most 4 strings' })
  @IsArray({ message: 'expected an array of strings' })
  stop_sequences?: string[] | null;

  /** Not Anthropic's: nanochat's calculator loop; absent: as CALCULATOR says. */
  @IsOptional()
  @IsBoolean(BOOLEAN)
  calculator?: boolean | null;
}
