import {
  ArrayMaxSize,
  ArrayNotEmpty,
  Equals,
  IsArray,
  IsOptional,
  IsString,
  Matches,
  MaxLength,
} from 'class-validator';
import { Described } from '../api-docs/described.decorator.js';
import { IsJsonSchema } from './json-schema.validator.js';
import { STRING, UNICODE, WELL_FORMED } from './wording.js';

const LONGEST = 65_536;
const TOO_LONG = { message: `expected at most ${LONGEST} characters` };

/** vLLM's `structured_outputs`: exactly one of its fields. */
export class StructuredOutputsDto {
  /** Also as text; parsed before validation. */
  @IsOptional()
  @Described((schema) => ({ anyOf: [schema, { type: 'string' }] }))
  @IsJsonSchema()
  json?: Record<string, unknown> | null;

  @IsOptional()
  @Equals(true, { message: 'expected true' })
  json_object?: true | null;

  @IsOptional()
  @Matches(WELL_FORMED, UNICODE)
  @MaxLength(LONGEST, TOO_LONG)
  @IsString(STRING)
  regex?: string | null;

  @IsOptional()
  @Matches(WELL_FORMED, { each: true, ...UNICODE })
  @MaxLength(LONGEST, { each: true, ...TOO_LONG })
  @IsString({ each: true, message: 'expected an array of strings' })
  @ArrayMaxSize(1000, { message: 'expected at most 1000 strings' })
  @ArrayNotEmpty({ message: 'expected at least one string' })
  @IsArray({ message: 'expected an array of strings' })
  choice?: string[] | null;

  /** In llguidance's Lark. */
  @IsOptional()
  @Matches(WELL_FORMED, UNICODE)
  @MaxLength(LONGEST, TOO_LONG)
  @IsString(STRING)
  grammar?: string | null;
}

export const STRUCTURED_OUTPUTS_FIELDS = ['json', 'json_object', 'regex', 'choice', 'grammar'] as const;
