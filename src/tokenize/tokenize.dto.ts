import { ArrayNotEmpty, IsArray, IsIn, IsOptional, IsString, ValidateNested } from 'class-validator';
import { Described } from '../api-docs/described.decorator.js';
import { refTo } from '../api-docs/schema.js';
import { STRING } from '../generation/wording.js';
import { ModelName, OptionalBoolean } from '../generation/field.decorator.js';

const ROLES = ['system', 'developer', 'user', 'assistant'] as const;

const LIMITED_TEXT = { type: 'string', 'x-limits': { maxLength: 'maxMessageChars' } };
const PART = {
  type: 'object',
  properties: { type: { enum: ['text'] }, text: LIMITED_TEXT },
  required: ['type', 'text'],
  additionalProperties: false,
};

/** What both have: vLLM takes a request without a model for the one that is served. */
export class TokenizeOptionsDto {
  @IsOptional()
  @ModelName()
  model?: string | null;

  /** The tokens as text beside their ids. */
  @OptionalBoolean()
  return_token_strs?: boolean | null;
}

/** A text in tokens. */
export class TokenizePromptDto extends TokenizeOptionsDto {
  @Described({ 'x-limits': { maxLength: 'maxTotalChars' } })
  @IsString(STRING)
  prompt!: string;

  /** `<|bos|>` before the text; true where absent. */
  @OptionalBoolean()
  add_special_tokens?: boolean | null;
}

export class TokenizeMessageDto {
  @IsIn(ROLES, { message: `expected one of ${ROLES.map((role) => `'${role}'`).join(', ')}` })
  role!: (typeof ROLES)[number];

  /** Text parts are joined before it is validated. */
  @Described(() => ({ anyOf: [LIMITED_TEXT, { type: 'array', items: PART, minItems: 1 }] }))
  @IsString({ message: 'expected a string or an array of text parts' })
  content!: string;
}

/** A chat in tokens, by the model's template. */
export class TokenizeChatDto extends TokenizeOptionsDto {
  @Described({ items: refTo(TokenizeMessageDto), 'x-limits': { maxItems: 'maxMessages' } })
  @ValidateNested({ each: true, message: 'expected objects with a role and content' })
  @ArrayNotEmpty({ message: 'expected at least one message' })
  @IsArray({ message: 'expected an array of messages' })
  messages!: TokenizeMessageDto[];

  /** The assistant's start after the last message; true where absent. */
  @OptionalBoolean()
  add_generation_prompt?: boolean | null;

  /** The template has its own: another `<|bos|>` before it can't be had. */
  @Described({ enum: [false] })
  @IsOptional()
  @IsIn([false], { message: "expected false: the chat's template has its special tokens" })
  add_special_tokens?: false | null;
}

/** The checked request, for code that reads it and validates nothing. */
export type TokenizeRequest = TokenizePromptDto | TokenizeChatDto;
