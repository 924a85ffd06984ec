import { IsDefined, IsIn, IsObject, IsString, Matches, ValidateIf, ValidateNested } from 'class-validator';
import { Described } from '../api-docs/described.decorator.js';
import { refTo } from '../api-docs/schema.js';
import { IsJsonSchema } from '../generation/json-schema.validator.js';
import { OBJECT, STRING } from '../generation/wording.js';
import { OptionalBoolean, OptionalString } from '../generation/field.decorator.js';

/** OpenAI's bounds for the names of functions and formats. */
export const NAME = /^[A-Za-z0-9_-]{1,64}$/;
export const NAMED = { message: 'expected a name of 1 to 64 letters, digits, _ and -' };

const FORMATS = ['text', 'json_object', 'json_schema'] as const;

export class JsonSchemaFormatDto {
  @Matches(NAME, NAMED)
  @IsString(STRING)
  name!: string;

  @OptionalString(8000)
  description?: string | null;

  @IsJsonSchema()
  schema!: Record<string, unknown>;

  /** The answer follows the schema either way. */
  @OptionalBoolean()
  strict?: boolean | null;
}

export class ResponseFormatDto {
  @IsIn(FORMATS, { message: `expected one of ${FORMATS.map((format) => `'${format}'`).join(', ')}` })
  type!: (typeof FORMATS)[number];

  @ValidateIf(({ type }: ResponseFormatDto) => type === 'json_schema')
  @Described(() => refTo(JsonSchemaFormatDto))
  @ValidateNested()
  @IsObject(OBJECT)
  @IsDefined({ message: "expected a schema, since the type is 'json_schema'" })
  json_schema?: JsonSchemaFormatDto | null;
}
