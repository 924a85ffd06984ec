import { ArrayMaxSize, ArrayNotEmpty, IsArray, IsObject, IsOptional, ValidateNested } from 'class-validator';
import { Described } from '../api-docs/described.decorator.js';
import { refTo } from '../api-docs/schema.js';
import { GenerationDto } from '../generation/generation.dto.js';
import { described } from '../generation/client-extras.js';
import { OBJECT } from '../generation/wording.js';
import { ChatMessageDto } from './chat-message.dto.js';
import { BODY } from './request-fields.js';
import { ResponseFormatDto } from './response-format.dto.js';
import { IsToolChoice, TOOL_CHOICE, type ToolChoiceField } from './tool-choice.validator.js';
import { ToolDto } from './tool.dto.js';
import { OptionalBoolean, OptionalInteger } from '../generation/field.decorator.js';

/** The body of a chat completion. */
@Described(described(BODY.neutral))
export class ChatCompletionDto extends GenerationDto {
  @ValidateNested({ each: true, message: 'expected objects with a role and content' })
  @ArrayNotEmpty({ message: 'expected at least one message' })
  @Described({ items: refTo(ChatMessageDto), 'x-limits': { maxItems: 'maxMessages' } })
  @IsArray({ message: 'expected an array of messages' })
  messages!: ChatMessageDto[];

  @OptionalInteger(1, 4096)
  max_completion_tokens?: number | null;

  @OptionalBoolean()
  logprobs?: boolean | null;

  /** With `logprobs`. */
  @OptionalInteger(0, 20)
  top_logprobs?: number | null;

  @IsOptional()
  @Described(() => refTo(ResponseFormatDto))
  @ValidateNested()
  @IsObject(OBJECT)
  response_format?: ResponseFormatDto | null;

  @IsOptional()
  @ValidateNested({ each: true, message: 'expected objects with a function' })
  @ArrayMaxSize(128, { message: 'expected at most 128 tools' })
  @Described({ items: refTo(ToolDto) })
  @IsArray({ message: 'expected an array of tools' })
  tools?: ToolDto[] | null;

  @IsOptional()
  @Described(TOOL_CHOICE)
  @IsToolChoice()
  tool_choice?: ToolChoiceField | null;

  @OptionalBoolean()
  parallel_tool_calls?: boolean | null;
}

/** The checked request, for code that reads it and validates nothing. */
export type ChatCompletionRequest = ChatCompletionDto;
