import type { TextOfField } from '../chat/check-lengths.js';
import type { ChatTurn, ToolCall } from '../chat/chat-request.js';
import { isObject } from '../generation/check-dto.js';
import { checkFields } from '../generation/check-fields.js';
import { invalidValue, missingParameter, unsupportedParameter } from '../openai/error-catalogue.js';
import { readToolUse, toolId } from './read-tool-use.js';
import { BLOCK_NEUTRAL, BLOCK_SUPPORTED, MESSAGE_SUPPORTED } from './request-fields.js';

/** What a failed tool's result begins with: the model knows no flag. */
const FAILED = 'Error: ';

const BLOCKS_OF: ReadonlyMap<unknown, readonly unknown[]> = new Map([
  ['user', ['text', 'tool_result']],
  ['assistant', ['text', 'tool_use']],
]);

export interface ReadMessages {
  turns: ChatTurn[];
  /** The field that each turn came from. */
  params: string[];
  texts: TextOfField[];
}

/** Turns of a conversation in Anthropic's shape. Throws 400 for the first thing wrong with it, naming the field. */
export function readMessages(messages: readonly unknown[], system: unknown, most: number): ReadMessages {
  if (messages.length > most) throw invalidValue('messages', `Invalid 'messages': expected at most ${most} messages.`);
  const reader = new MessagesReader();
  if (system != null) reader.system(system);
  messages.forEach((message, index) => reader.message(message, `messages[${index}]`));
  return reader.read;
}

class MessagesReader {
  readonly read: ReadMessages = { turns: [], params: [], texts: [] };

  system(content: unknown): void {
    this.push({ role: 'system', text: this.text(content, 'system') }, 'system');
  }

  message(message: unknown, at: string): void {
    if (!isObject(message)) throw invalidValue(at, `Invalid '${at}': expected an object.`);
    const { role, content } = checkFields(message, MESSAGE_SUPPORTED, new Map(), `${at}.`);
    if (role === undefined) throw missingParameter(`${at}.role`);
    const allowed = BLOCKS_OF.get(role);
    if (allowed === undefined) {
      throw invalidValue(
        `${at}.role`,
        `Invalid '${at}.role': expected one of 'user', 'assistant'; the system's text goes into 'system'.`,
      );
    }
    if (content === undefined) throw missingParameter(`${at}.content`);
    if (role === 'assistant') this.assistant(content, allowed, at);
    else this.user(content, allowed, at);
  }

  /** Results of tools and text are turns of their own, in the order in which they stand. */
  private user(content: unknown, allowed: readonly unknown[], at: string): void {
    const param = `${at}.content`;
    if (typeof content === 'string') {
      this.push({ role: 'user', text: this.text(content, param) }, at);
      return;
    }
    const blocks = blocksOf(content, param, allowed);
    if (blocks.length === 0) throw invalidValue(param, `Invalid '${param}': expected at least one block.`);
    for (const { block, at: place } of blocks) {
      if (block['type'] === 'tool_result') {
        this.toolResult(block, place);
        continue;
      }
      const text = this.text(block['text'], `${place}.text`, true);
      const last = this.read.turns.at(-1);
      if (last?.role === 'user' && this.read.params.at(-1) === at) last.text += text;
      else this.push({ role: 'user', text }, at);
    }
  }

  private assistant(content: unknown, allowed: readonly unknown[], at: string): void {
    const param = `${at}.content`;
    let text = '';
    const toolCalls: ToolCall[] = [];
    if (typeof content === 'string') text = this.text(content, param);
    else {
      for (const { block, at: place } of blocksOf(content, param, allowed)) {
        if (block['type'] === 'text') text += this.text(block['text'], `${place}.text`, true);
        else {
          const call = readToolUse(block, place);
          this.read.texts.push({ param: `${place}.input`, text: call.arguments });
          toolCalls.push(call);
        }
      }
    }
    this.push({ role: 'assistant', text, toolCalls }, at);
  }

  private toolResult(
    { tool_use_id: id, content = '', is_error: failed = false }: Record<string, unknown>,
    at: string,
  ): void {
    if (typeof failed !== 'boolean') {
      throw invalidValue(`${at}.is_error`, `Invalid '${at}.is_error': expected true or false.`);
    }
    const text = this.text(content, `${at}.content`);
    this.push({ role: 'tool', toolCallId: toolId(id, `${at}.tool_use_id`), text: failed ? FAILED + text : text }, at);
  }

  private push(turn: ChatTurn, at: string): void {
    this.read.turns.push(turn);
    this.read.params.push(at);
  }

  /** A string, or text blocks, which follow one another without a gap. */
  private text(content: unknown, param: string, onlyString = false): string {
    if (typeof content !== 'string') {
      if (onlyString) throw invalidValue(param, `Invalid '${param}': expected a string.`);
      return blocksOf(content, param, ['text'])
        .map(({ block, at }) => this.text(block['text'], `${at}.text`, true))
        .join('');
    }
    if (!content.isWellFormed()) {
      throw invalidValue(param, `Invalid '${param}': expected well-formed Unicode, but got an unpaired surrogate.`);
    }
    this.read.texts.push({ param, text: content });
    return content;
  }
}

interface Block {
  block: Record<string, unknown>;
  at: string;
}

function blocksOf(content: unknown, param: string, allowed: readonly unknown[]): Block[] {
  if (!Array.isArray(content))
    throw invalidValue(param, `Invalid '${param}': expected a string or an array of blocks.`);
  return content.map((block: unknown, index) => {
    const at = `${param}[${index}]`;
    if (!isObject(block)) throw invalidValue(at, `Invalid '${at}': expected an object.`);
    const supported = BLOCK_SUPPORTED.get(block['type']);
    if (supported === undefined || !allowed.includes(block['type'])) {
      const type = String(block['type']).slice(0, 40);
      throw unsupportedParameter(
        `${at}.type`,
        `${at}: blocks of type '${type}' are not supported here; only ${allowed.join(' and ')} are.`,
      );
    }
    return { block: checkFields(block, supported, BLOCK_NEUTRAL, `${at}.`), at };
  });
}
