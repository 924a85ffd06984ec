import {
  IsArray,
  IsBoolean,
  IsIn,
  IsInt,
  IsNotEmpty,
  IsNumber,
  IsObject,
  IsOptional,
  IsString,
  Matches,
  Max,
  MaxLength,
  Min,
} from 'class-validator';
import { Described } from '../api-docs/described.decorator.js';
import { described } from '../generation/client-extras.js';
import type { Constraint } from '../python-engine/worker.js';
import type { ToolChoice, ToolDefinition } from '../chat/chat-request.js';
import { IsSeed } from '../generation/seed.validator.js';
import { IsMetadata } from '../generation/metadata.validator.js';
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
import type { ReadInput } from './read-input.js';
import { NEUTRAL } from './request-fields.js';
import { REQUEST_UNIONS } from './response-schema.js';

const upTo = (length: number) => ({ message: `expected at most ${length} characters` });

/** The body of a response to create: every plain field has its type and bounds; what is a union is read beside it. */
@Described((said) => ({
  ...said,
  properties: { ...said['properties']!, ...(described(NEUTRAL)['properties'] as object), ...REQUEST_UNIONS },
  required: ['model', 'input'],
}))
export class CreateResponseDto {
  @MaxLength(256, upTo(256))
  @IsNotEmpty({ message: 'expected the name of a model' })
  @IsString(STRING)
  model!: string;

  /** A string, or items: messages, function calls and their outputs. */
  input!: string | unknown[];

  @IsOptional()
  @Matches(WELL_FORMED, UNICODE)
  @IsString(STRING)
  instructions?: string | null;

  @IsOptional()
  @IsBoolean(BOOLEAN)
  stream?: boolean | null;

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

  @IsOptional()
  @Max(4096, atMost(4096))
  @Min(1, atLeast(1))
  @IsInt(INTEGER)
  max_output_tokens?: number | null;

  @IsOptional()
  @IsObject(OBJECT)
  text?: Record<string, unknown> | null;

  @IsOptional()
  @IsArray({ message: 'expected an array of tools' })
  tools?: unknown[] | null;

  tool_choice?: unknown;

  @IsOptional()
  @IsBoolean(BOOLEAN)
  parallel_tool_calls?: boolean | null;

  @IsOptional()
  @MaxLength(256, upTo(256))
  @IsString(STRING)
  previous_response_id?: string | null;

  /** True unless false: kept in memory, within RESPONSES_STORE_COUNT and RESPONSES_STORE_BYTES. */
  @IsOptional()
  @IsBoolean(BOOLEAN)
  store?: boolean | null;

  @IsOptional()
  @IsMetadata()
  metadata?: Record<string, string> | null;

  @IsOptional()
  @MaxLength(512, upTo(512))
  @IsString(STRING)
  user?: string | null;

  @IsOptional()
  @MaxLength(512, upTo(512))
  @IsString(STRING)
  safety_identifier?: string | null;

  @IsOptional()
  @MaxLength(512, upTo(512))
  @IsString(STRING)
  prompt_cache_key?: string | null;

  @IsOptional()
  @IsIn(['disabled'], { message: "only 'disabled' is supported: what is too long for the context is refused" })
  truncation?: 'disabled' | null;

  /** Not OpenAI's; 0 and -1 are off. */
  @IsOptional()
  @Max(200, atMost(200))
  @Min(-1, atLeast(-1))
  @IsInt(INTEGER)
  top_k?: number | null;

  /** Not OpenAI's in this API; as in chat completions. */
  @IsOptional()
  @IsSeed()
  seed?: number | bigint | null;

  /** Not OpenAI's: nanochat's calculator loop. */
  @IsOptional()
  @IsBoolean(BOOLEAN)
  calculator?: boolean | null;
}

/** The checked fields, for code that reads them and validates nothing. */
export type ResponseFields = CreateResponseDto;

/** What the answer's text has to be, as it was asked for. */
export type TextFormat =
  | { type: 'text' }
  | { type: 'json_object' }
  | {
      type: 'json_schema';
      name: string;
      schema: Record<string, unknown>;
      strict: boolean | null;
      description?: string;
    };

/** A function tool as it was given. */
export interface FunctionTool {
  type: 'function';
  name: string;
  description: string | null;
  parameters: Record<string, unknown> | null;
  strict: boolean | null;
}

/** The checked request. */
export interface ResponseRequest {
  fields: ResponseFields;
  input: ReadInput;
  format: TextFormat;
  constraint: Constraint | null;
  tools: FunctionTool[];
  definitions: ToolDefinition[];
  toolChoice: ToolChoice;
}
