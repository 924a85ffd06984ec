import { Injectable, type PipeTransform } from '@nestjs/common';
import { Settings } from '../config/settings.js';
import { checkDto, isObject } from '../generation/check-dto.js';
import { checkFields } from '../generation/check-fields.js';
import { invalidJson, invalidValue, missingParameter } from '../openai/error-catalogue.js';
import { ChatCompletionDto } from './chat-completion.dto.js';
import { ChatMessageDto } from './chat-message.dto.js';
import { checkLimits } from './check-limits.js';
import {
  MESSAGE_NEUTRAL,
  MESSAGE_SUPPORTED,
  NEUTRAL,
  STREAM_OPTIONS_NEUTRAL,
  STREAM_OPTIONS_SUPPORTED,
  SUPPORTED,
} from './request-fields.js';
import { StreamOptionsDto } from './stream-options.dto.js';

/** A parsed body in, a checked request out; the first thing wrong with it is thrown, naming its field. */
@Injectable()
export class ParseChatCompletionPipe implements PipeTransform<unknown, ChatCompletionDto> {
  constructor(private readonly settings: Settings) {}

  transform(body: unknown): ChatCompletionDto {
    if (!isObject(body)) throw invalidJson();
    const fields = checkFields(body, SUPPORTED, NEUTRAL);
    for (const name of ['model', 'messages']) if (fields[name] === undefined) throw missingParameter(name);
    const dto = Object.assign(new ChatCompletionDto(), fields, {
      messages: this.messages(fields['messages']),
      ...(typeof fields['stop'] === 'string' ? { stop: [fields['stop']] } : {}),
    });
    if (isObject(dto.stream_options)) dto.stream_options = streamOptions(dto.stream_options);
    checkDto(dto);
    checkLimits(dto, this.settings);
    return dto;
  }

  /** The number is checked before the messages are looked at, so that a million of them costs nothing. */
  private messages(value: unknown): unknown {
    if (!Array.isArray(value)) return value;
    const limit = this.settings.maxMessages;
    if (value.length > limit) throw invalidValue('messages', `Invalid 'messages': expected at most ${limit} messages.`);
    return value.map((message: unknown, index) => {
      if (!isObject(message))
        throw invalidValue(`messages[${index}]`, `Invalid 'messages[${index}]': expected an object.`);
      const fields = checkFields(message, MESSAGE_SUPPORTED, MESSAGE_NEUTRAL, `messages[${index}].`);
      for (const name of MESSAGE_SUPPORTED) {
        if (fields[name] === undefined) throw missingParameter(`messages[${index}].${name}`);
      }
      return Object.assign(new ChatMessageDto(), fields);
    });
  }
}

function streamOptions(value: object): StreamOptionsDto {
  const fields = checkFields(value, STREAM_OPTIONS_SUPPORTED, STREAM_OPTIONS_NEUTRAL, 'stream_options.');
  return Object.assign(new StreamOptionsDto(), fields);
}
