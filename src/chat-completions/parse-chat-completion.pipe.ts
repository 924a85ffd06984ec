import { Injectable, type PipeTransform } from '@nestjs/common';
import { Settings } from '../config/settings.js';
import { checkDto, isObject } from '../generation/check-dto.js';
import { checkFields, nested } from '../generation/check-fields.js';
import { checkOldNames } from '../generation/client-extras.js';
import { StreamOptionsDto } from '../generation/stream-options.dto.js';
import { structuredOutputs } from '../generation/structured-outputs.js';
import { invalidJson, invalidValue, missingParameter } from '../openai/error-catalogue.js';
import { ChatCompletionDto } from './chat-completion.dto.js';
import { checkLimits } from './check-limits.js';
import { messageDto } from './message-dto.js';
import { BODY, FUNCTION, JSON_SCHEMA_FORMAT, RESPONSE_FORMAT, STREAM_OPTIONS, TOOL } from './request-fields.js';
import { JsonSchemaFormatDto, ResponseFormatDto } from './response-format.dto.js';
import { FunctionDto, ToolDto } from './tool.dto.js';

const MAX_TOOLS = 128;

/** A parsed body in, a checked request out; the first thing wrong with it is thrown, naming its field. */
@Injectable()
export class ParseChatCompletionPipe implements PipeTransform<unknown, ChatCompletionDto> {
  constructor(private readonly settings: Settings) {}

  transform(body: unknown): ChatCompletionDto {
    if (!isObject(body)) throw invalidJson();
    checkOldNames(body);
    const fields = checkFields(body, BODY.supported, BODY.neutral);
    for (const name of ['model', 'messages']) if (fields[name] === undefined) throw missingParameter(name);
    const { stop, stream_options, structured_outputs, response_format } = fields;
    const dto = Object.assign(new ChatCompletionDto(), fields, {
      messages: bounded(fields['messages'], 'messages', this.settings.maxMessages, messageDto),
      tools: bounded(fields['tools'], 'tools', MAX_TOOLS, toolDto),
      response_format: responseFormat(response_format),
      stream_options: nested(stream_options, StreamOptionsDto, STREAM_OPTIONS, 'stream_options.'),
      ...(typeof stop === 'string' ? { stop: [stop] } : {}),
      ...(isObject(structured_outputs) ? { structured_outputs: structuredOutputs(structured_outputs) } : {}),
    }) as ChatCompletionDto;
    checkDto(dto);
    checkLimits(dto, this.settings);
    return dto;
  }
}

/** The number is checked before the items are looked at, so that a million of them costs nothing. */
function bounded(value: unknown, param: string, most: number, dtoOf: (item: unknown, at: string) => unknown): unknown {
  if (!Array.isArray(value)) return value;
  if (value.length > most) throw invalidValue(param, `Invalid '${param}': expected at most ${most} ${param}.`);
  return value.map((item: unknown, index) => dtoOf(item, `${param}[${index}]`));
}

function toolDto(value: unknown, at: string): unknown {
  const tool = nested(value, ToolDto, TOOL, `${at}.`);
  if (tool instanceof ToolDto) {
    Object.assign(tool, { function: nested(tool.function, FunctionDto, FUNCTION, `${at}.function.`) });
  }
  return tool;
}

function responseFormat(value: unknown): unknown {
  const format = nested(value, ResponseFormatDto, RESPONSE_FORMAT, 'response_format.');
  if (format instanceof ResponseFormatDto) {
    const at = 'response_format.json_schema.';
    Object.assign(format, { json_schema: nested(format.json_schema, JsonSchemaFormatDto, JSON_SCHEMA_FORMAT, at) });
  }
  return format;
}
