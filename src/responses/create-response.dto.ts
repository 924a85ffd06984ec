import { IsArray, IsIn, IsObject, IsOptional, IsString, Matches } from 'class-validator';
import { Described } from '../api-docs/described.decorator.js';
import { described } from '../generation/client-extras.js';
import type { Constraint } from '../python-engine/worker.js';
import type { ToolChoice, ToolDefinition } from '../chat/chat-request.js';
import { IsSeed } from '../generation/seed.validator.js';
import { IsMetadata } from '../generation/metadata.validator.js';
import { OBJECT, STRING, UNICODE, WELL_FORMED } from '../generation/wording.js';
import type { ReadInput } from './read-input.js';
import { NEUTRAL } from './request-fields.js';
import { REQUEST_UNIONS } from './response-schema.js';
import {
  ModelName,
  OptionalBoolean,
  OptionalInteger,
  OptionalNumber,
  OptionalPositive,
  OptionalString,
} from '../generation/field.decorator.js';

/** The body of a response to create: every plain field has its type and bounds; what is a union is read beside it. */
@Described((said) => ({
  ...said,
  properties: { ...said['properties']!, ...(described(NEUTRAL)['properties'] as object), ...REQUEST_UNIONS },
  required: ['model', 'input'],
}))
export class CreateResponseDto {
  @ModelName()
  model!: string;

  /** A string, or items: messages, function calls and their outputs. */
  input!: string | unknown[];

  @IsOptional()
  @Matches(WELL_FORMED, UNICODE)
  @IsString(STRING)
  instructions?: string | null;

  @OptionalBoolean()
  stream?: boolean | null;

  @OptionalNumber(0, 2)
  temperature?: number | null;

  @OptionalPositive(1)
  top_p?: number | null;

  @OptionalInteger(1, 4096)
  max_output_tokens?: number | null;

  @IsOptional()
  @IsObject(OBJECT)
  text?: Record<string, unknown> | null;

  @IsOptional()
  @IsArray({ message: 'expected an array of tools' })
  tools?: unknown[] | null;

  tool_choice?: unknown;

  @OptionalBoolean()
  parallel_tool_calls?: boolean | null;

  @OptionalString(256)
  previous_response_id?: string | null;

  /** True unless false: kept in memory, within RESPONSES_STORE_COUNT and RESPONSES_STORE_BYTES. */
  @OptionalBoolean()
  store?: boolean | null;

  @IsOptional()
  @IsMetadata()
  metadata?: Record<string, string> | null;

  @OptionalString(512)
  user?: string | null;

  @OptionalString(512)
  safety_identifier?: string | null;

  @OptionalString(512)
  prompt_cache_key?: string | null;

  @IsOptional()
  @IsIn(['disabled'], { message: "only 'disabled' is supported: what is too long for the context is refused" })
  truncation?: 'disabled' | null;

  /** Not OpenAI's; 0 and -1 are off. */
  @OptionalInteger(-1, 200)
  top_k?: number | null;

  /** Not OpenAI's in this API; as in chat completions. */
  @IsOptional()
  @IsSeed()
  seed?: number | bigint | null;

  /** Not OpenAI's: nanochat's calculator loop. */
  @OptionalBoolean()
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
