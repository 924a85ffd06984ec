import { Injectable, type PipeTransform } from '@nestjs/common';
import { checkLengths } from '../chat/check-lengths.js';
import { Settings } from '../config/settings.js';
import { characters } from '../generation/characters.js';
import { checkDto, isObject } from '../generation/check-dto.js';
import { checkFields, nested } from '../generation/check-fields.js';
import { only } from '../generation/client-extras.js';
import { invalidJson, invalidRequest, invalidValue, missingParameter } from '../openai/error-catalogue.js';
import { DetokenizeDto } from './detokenize.dto.js';
import { TokenizeChatDto, TokenizeMessageDto, TokenizePromptDto, type TokenizeRequest } from './tokenize.dto.js';

const PROMPT_FIELDS = new Set(['model', 'prompt', 'add_special_tokens', 'return_token_strs']);
const CHAT_FIELDS = new Set([
  ...['model', 'messages', 'add_generation_prompt', 'add_special_tokens', 'return_token_strs'],
]);
const MESSAGE = { supported: new Set(['role', 'content']), neutral: new Map<string, (value: unknown) => boolean>() };
const NOTHING = new Map<string, (value: unknown) => boolean>();
/** vLLM's further fields, at what holds here anyway. */
const CHAT_NEUTRAL = new Map([
  ['continue_final_message', only(false)],
  ['chat_template', only()],
  ['chat_template_kwargs', only()],
  ['mm_processor_kwargs', only()],
  ['tools', only()],
]);

/** A text or a chat for /tokenize; the first thing wrong with it is thrown, naming its field. */
@Injectable()
export class ParseTokenizePipe implements PipeTransform<unknown, TokenizeRequest> {
  constructor(private readonly settings: Settings) {}

  transform(body: unknown): TokenizeRequest {
    if (!isObject(body)) throw invalidJson();
    const [text, chat] = [body['prompt'] != null, body['messages'] != null];
    if (text && chat) throw invalidRequest("Give one of 'prompt' and 'messages', not both.", 'messages');
    if (!text && !chat) throw missingParameter('prompt');
    return text ? this.prompt(body) : this.chat(body);
  }

  private prompt(body: object): TokenizePromptDto {
    const dto = Object.assign(
      new TokenizePromptDto(),
      checkFields(withoutNull(body, 'messages'), PROMPT_FIELDS, NOTHING),
    );
    checkDto(dto);
    checkText('prompt', dto.prompt, this.settings.maxTotalChars);
    return dto;
  }

  private chat(body: object): TokenizeChatDto {
    const fields = checkFields(withoutNull(body, 'prompt'), CHAT_FIELDS, CHAT_NEUTRAL);
    const dto = Object.assign(new TokenizeChatDto(), fields, { messages: this.messages(fields['messages']) });
    checkDto(dto);
    const texts = dto.messages.map(({ content }, index) => ({ param: `messages[${index}].content`, text: content }));
    checkLengths(texts, 'messages', this.settings);
    for (const { param, text } of texts) checkText(param, text, this.settings.maxMessageChars);
    return dto;
  }

  /** The number is checked before the messages are looked at, so that a million of them costs nothing. */
  private messages(value: unknown): TokenizeMessageDto[] {
    if (!Array.isArray(value)) return value as never;
    const { maxMessages: most } = this.settings;
    if (value.length > most) throw invalidValue('messages', `Invalid 'messages': expected at most ${most} messages.`);
    return value.map((item: unknown, index) => {
      const message = nested(item, TokenizeMessageDto, MESSAGE, `messages[${index}].`);
      if (message instanceof TokenizeMessageDto) message.content = joined(message.content);
      return message as TokenizeMessageDto;
    });
  }
}

/** Ids for /detokenize. */
@Injectable()
export class ParseDetokenizePipe implements PipeTransform<unknown, DetokenizeDto> {
  constructor(private readonly settings: Settings) {}

  transform(body: unknown): DetokenizeDto {
    if (!isObject(body)) throw invalidJson();
    const fields = checkFields(body, new Set(['model', 'tokens']), NOTHING);
    const { tokens } = fields;
    if (tokens === undefined) throw missingParameter('tokens');
    const most = this.settings.maxTotalChars;
    if (Array.isArray(tokens) && tokens.length > most) {
      throw invalidValue('tokens', `Invalid 'tokens': ${tokens.length} token ids are over the limit of ${most}.`);
    }
    const dto = Object.assign(new DetokenizeDto(), fields);
    checkDto(dto);
    return dto;
  }
}

function checkText(param: string, text: string, longest: number): void {
  const refused = (problem: string) => invalidValue(param, `Invalid '${param}': ${problem}.`);
  if (!text.isWellFormed()) throw refused('expected well-formed Unicode, but got an unpaired surrogate');
  const length = characters(text);
  if (length > longest) throw refused(`${length} characters are over the limit of ${longest}`);
}

/** Text parts as one text; anything else its validators refuse. */
function joined(content: unknown): string {
  if (!Array.isArray(content) || content.length === 0 || !content.every(isTextPart)) return content as string;
  return content.map(({ text }) => text).join('');
}

const isTextPart = (part: unknown): part is { type: 'text'; text: string } =>
  isObject(part) && part['type'] === 'text' && typeof part['text'] === 'string' && Object.keys(part).length === 2;

const withoutNull = (body: object, name: string): object =>
  Object.fromEntries(Object.entries(body).filter(([key]) => key !== name));
