import { Injectable, type PipeTransform } from '@nestjs/common';
import { checkLengths } from '../chat/check-lengths.js';
import { checkToolResults } from '../chat/check-tool-results.js';
import { Settings } from '../config/settings.js';
import { checkDto, isObject } from '../generation/check-dto.js';
import { checkFields } from '../generation/check-fields.js';
import { invalidJson, missingParameter } from '../openai/error-catalogue.js';
import { CreateMessageDto, MessagePromptDto } from './create-message.dto.js';
import { readMessages } from './read-messages.js';
import { COUNTED, NEUTRAL, SUPPORTED } from './request-fields.js';
import { type MessageRequest, toChatRequest } from './to-chat-request.js';

/** A parsed body in, a checked request out; the first thing wrong with it is thrown, naming its field. */
@Injectable()
export class ParseMessagePipe implements PipeTransform<unknown, MessageRequest> {
  constructor(protected readonly settings: Settings) {}

  transform(body: unknown): MessageRequest {
    const fields = taken(body, SUPPORTED, ['model', 'max_tokens', 'messages']);
    const dto = Object.assign(new CreateMessageDto(), fields);
    return { ...this.request(dto), stream: dto.stream ?? false };
  }

  protected request(dto: MessagePromptDto): MessageRequest {
    checkDto(dto);
    const read = readMessages(dto.messages, dto.system, this.settings.maxMessages);
    checkLengths(read.texts, 'messages', this.settings);
    checkToolResults(read.turns, read.params);
    return { model: dto.model, stream: false, chat: toChatRequest(dto, read) };
  }
}

/** The same for counting tokens, which takes fewer fields. */
@Injectable()
export class ParseCountPipe extends ParseMessagePipe {
  constructor(settings: Settings) {
    super(settings);
  }

  override transform(body: unknown): MessageRequest {
    return this.request(Object.assign(new MessagePromptDto(), taken(body, COUNTED, ['model', 'messages'])));
  }
}

function taken(body: unknown, supported: ReadonlySet<string>, required: readonly string[]): Record<string, unknown> {
  if (!isObject(body)) throw invalidJson();
  const fields = checkFields(body, supported, NEUTRAL);
  for (const name of required) if (fields[name] === undefined) throw missingParameter(name);
  return fields;
}
