import { ArrayMaxSize, IsArray, IsIn, IsOptional, ValidateNested } from 'class-validator';
import { Described } from '../api-docs/described.decorator.js';
import { arrayOf, refTo } from '../api-docs/schema.js';
import { IsContent } from './content.validator.js';
import type { TextPart } from './text-part.js';
import { ToolCallDto } from './tool.dto.js';
import { OptionalString } from '../generation/field.decorator.js';

export const ROLES = ['system', 'developer', 'user', 'assistant', 'tool'] as const;

const TEXT = { type: 'string', 'x-limits': { maxLength: 'maxMessageChars' } };
const PART = {
  type: 'object',
  properties: { type: { enum: ['text'] }, text: TEXT, cache_control: {} },
  required: ['type', 'text'],
  additionalProperties: false,
};

export class ChatMessageDto {
  @IsIn(ROLES, { message: `expected one of ${ROLES.map((role) => `'${role}'`).join(', ')}` })
  role!: (typeof ROLES)[number];

  /** Absent only beside tool calls. */
  @IsOptional()
  @Described({ anyOf: [TEXT, arrayOf(PART, { minItems: 1 })] })
  @IsContent()
  content?: string | TextPart[] | null;

  /** Of the assistant: what it called. */
  @IsOptional()
  @ValidateNested({ each: true, message: 'expected objects with an id and a function' })
  @ArrayMaxSize(128, { message: 'expected at most 128 calls' })
  @Described({ items: refTo(ToolCallDto) })
  @IsArray({ message: 'expected an array of tool calls' })
  tool_calls?: ToolCallDto[] | null;

  /** Of a tool: which call this is the result of. */
  @OptionalString(256)
  tool_call_id?: string | null;
}
