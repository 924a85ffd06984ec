import { ArrayNotEmpty, IsArray, IsInt, IsObject, IsOptional, Max, Min } from 'class-validator';
import { Described } from '../api-docs/described.decorator.js';
import { described } from '../generation/client-extras.js';
import { atLeast, atMost, INTEGER, OBJECT } from '../generation/wording.js';
import { PROMPT_UNIONS } from './message-schema.js';
import { NEUTRAL } from './request-fields.js';
import {
  ModelName,
  OptionalBoolean,
  OptionalInteger,
  OptionalNumber,
  OptionalPositive,
  OptionalStops,
} from '../generation/field.decorator.js';

const BESIDE = { properties: { ...(described(NEUTRAL)['properties'] as object), ...PROMPT_UNIONS } };

/** What creating a message and counting its tokens have in common; what is a union is read beside it. */
@Described(BESIDE)
export class MessagePromptDto {
  @ModelName()
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

  @OptionalBoolean()
  stream?: boolean | null;

  @OptionalNumber(0, 1)
  temperature?: number | null;

  @OptionalPositive(1)
  top_p?: number | null;

  /** 0 is off. */
  @OptionalInteger(0, 200)
  top_k?: number | null;

  @OptionalStops('expected an array of strings')
  stop_sequences?: string[] | null;

  /** Not Anthropic's: nanochat's calculator loop; absent: as CALCULATOR says. */
  @OptionalBoolean()
  calculator?: boolean | null;
}
