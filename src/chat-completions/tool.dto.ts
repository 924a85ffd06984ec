import { Equals, IsObject, IsOptional, IsString, Matches, MaxLength, ValidateNested } from 'class-validator';
import { Described } from '../api-docs/described.decorator.js';
import { refTo } from '../api-docs/schema.js';
import { IsJsonSchema } from '../generation/json-schema.validator.js';
import { OBJECT, STRING, UNICODE, WELL_FORMED } from '../generation/wording.js';
import { NAME, NAMED } from './response-format.dto.js';
import { OptionalBoolean } from '../generation/field.decorator.js';

export class FunctionDto {
  @Matches(NAME, NAMED)
  @IsString(STRING)
  name!: string;

  @IsOptional()
  @Matches(WELL_FORMED, UNICODE)
  @MaxLength(8000, { message: 'expected at most 8000 characters' })
  @IsString(STRING)
  description?: string | null;

  /** The schema of its arguments; absent: it has none. */
  @IsOptional()
  @IsJsonSchema({ ofArguments: true })
  parameters?: Record<string, unknown> | null;

  /** Arguments follow the schema either way. */
  @OptionalBoolean()
  strict?: boolean | null;
}

export class ToolDto {
  @Equals('function', { message: "expected 'function', the only type of tools here" })
  type!: 'function';

  @Described(() => refTo(FunctionDto))
  @ValidateNested()
  @IsObject(OBJECT)
  function!: FunctionDto;
}

/** What a call of an earlier answer is given back as. */
export class CalledFunctionDto {
  @Matches(NAME, NAMED)
  @IsString(STRING)
  name!: string;

  /** JSON as text. */
  @Matches(WELL_FORMED, UNICODE)
  @IsString(STRING)
  arguments!: string;
}

export class ToolCallDto {
  @Described({ minLength: 1, maxLength: 256 })
  @Matches(/^.{1,256}$/su, { message: 'expected a string of 1 to 256 characters' })
  @IsString(STRING)
  id!: string;

  @Equals('function', { message: "expected 'function', the only type of tools here" })
  type!: 'function';

  @Described(() => refTo(CalledFunctionDto))
  @ValidateNested()
  @IsObject(OBJECT)
  function!: CalledFunctionDto;
}
