import type { TextOfField } from '../chat/check-lengths.js';
import type { ChatTurn } from '../chat/chat-request.js';
import { TOOL_NAME } from '../chat/tool-definition.js';
import { isObject } from '../generation/check-dto.js';
import { checkFields } from '../generation/check-fields.js';
import { invalidValue, missingParameter, unsupportedParameter } from '../openai/error-catalogue.js';
import { ITEM_NEUTRAL, ITEM_SUPPORTED, PART_NEUTRAL, PART_SUPPORTED } from './request-fields.js';

const ROLES = ['user', 'assistant', 'system', 'developer'];
const MAX_CALL_ID = 256;

export interface ReadInput {
  turns: ChatTurn[];
  /** The field that each turn came from. */
  params: string[];
  texts: TextOfField[];
}

/** Turns of the input of a response. Throws 400 for the first thing wrong with it, naming the field. */
export function readInput(input: unknown, maxItems: number): ReadInput {
  const read = new InputReader();
  if (typeof input === 'string') read.message({ role: 'user', content: input }, 'input');
  else if (!Array.isArray(input))
    throw invalidValue('input', "Invalid 'input': expected a string or an array of items.");
  else if (input.length === 0) throw invalidValue('input', "Invalid 'input': expected at least one item.");
  else if (input.length > maxItems) {
    throw invalidValue('input', `Invalid 'input': expected at most ${maxItems} items.`);
  } else input.forEach((item, index) => read.item(item, `input[${index}]`));
  return read.input;
}

class InputReader {
  readonly input: ReadInput = { turns: [], params: [], texts: [] };

  item(item: unknown, at: string): void {
    if (!isObject(item)) throw invalidValue(at, `Invalid '${at}': expected an object.`);
    const { type = 'message' } = item;
    const supported = ITEM_SUPPORTED.get(type);
    if (supported === undefined) throw unsupportedItem(type, at);
    const fields = checkFields(item, supported, ITEM_NEUTRAL, `${at}.`);
    for (const name of supported) {
      if (name !== 'type' && fields[name] === undefined) throw missingParameter(`${at}.${name}`);
    }
    if (type === 'message') this.message(fields, at);
    else if (type === 'function_call') this.functionCall(fields, at);
    else this.functionCallOutput(fields, at);
  }

  message({ role, content }: Record<string, unknown>, at: string): void {
    const param = at === 'input' ? at : `${at}.content`;
    if (typeof role !== 'string' || !ROLES.includes(role)) {
      const expected = ROLES.map((known) => `'${known}'`).join(', ');
      throw invalidValue(`${at}.role`, `Invalid '${at}.role': expected one of ${expected}.`);
    }
    const text = this.text(content, param);
    if (role === 'assistant') this.push({ role, text, toolCalls: [] }, at);
    else this.push({ role: role === 'user' ? 'user' : 'system', text }, at);
  }

  /** A call belongs to what the assistant said right before it. */
  private functionCall(fields: Record<string, unknown>, at: string): void {
    const id = callId(fields['call_id'], at);
    const { name } = fields;
    if (typeof name !== 'string' || !TOOL_NAME.test(name)) {
      throw invalidValue(`${at}.name`, `Invalid '${at}.name': expected the name of a function.`);
    }
    const { arguments: json } = fields;
    if (typeof json !== 'string') {
      throw invalidValue(`${at}.arguments`, `Invalid '${at}.arguments': expected JSON as a string.`);
    }
    const call = { id, name, arguments: this.text(json, `${at}.arguments`) };
    const last = this.input.turns.at(-1);
    if (last?.role === 'assistant') last.toolCalls.push(call);
    else this.push({ role: 'assistant', text: '', toolCalls: [call] }, at);
  }

  private functionCallOutput({ call_id: id, output }: Record<string, unknown>, at: string): void {
    const text = this.text(output, `${at}.output`);
    this.push({ role: 'tool', toolCallId: callId(id, at), text }, at);
  }

  private push(turn: ChatTurn, at: string): void {
    this.input.turns.push(turn);
    this.input.params.push(at);
  }

  private text(content: unknown, param: string): string {
    const text = typeof content === 'string' ? content : partsText(content, param);
    if (!text.isWellFormed()) {
      throw invalidValue(param, `Invalid '${param}': expected well-formed Unicode, but got an unpaired surrogate.`);
    }
    this.input.texts.push({ param, text });
    return text;
  }
}

/** Parts follow one another without a gap. */
function partsText(parts: unknown, param: string): string {
  if (!Array.isArray(parts)) {
    throw invalidValue(param, `Invalid '${param}': expected a string or an array of text parts.`);
  }
  if (parts.length === 0) throw invalidValue(param, `Invalid '${param}': expected at least one text part.`);
  const texts = parts.map((part: unknown, index): string => {
    const at = `${param}[${index}]`;
    if (!isObject(part)) throw invalidValue(at, `Invalid '${at}': expected an object.`);
    if (part['type'] !== 'input_text' && part['type'] !== 'output_text') {
      const type = String(part['type']).slice(0, 40);
      throw invalidValue(
        at,
        `Invalid '${at}': parts of type '${type}' are not supported; only input_text and output_text are.`,
      );
    }
    const { text } = checkFields(part, PART_SUPPORTED, PART_NEUTRAL, `${at}.`);
    if (typeof text !== 'string') throw invalidValue(`${at}.text`, `Invalid '${at}.text': expected a string.`);
    return text;
  });
  return texts.join('');
}

function callId(id: unknown, at: string): string {
  if (typeof id === 'string' && id !== '' && id.length <= MAX_CALL_ID) return id;
  throw invalidValue(`${at}.call_id`, `Invalid '${at}.call_id': expected a string of 1 to ${MAX_CALL_ID} characters.`);
}

/** Nothing is ignored in silence: reasoning that this model never gave would be. */
function unsupportedItem(type: unknown, at: string) {
  const name = String(type).slice(0, 40);
  const wayOut =
    name === 'reasoning'
      ? 'the model has no reasoning; leave such items out'
      : name === 'item_reference'
        ? 'send the item itself, or use previous_response_id'
        : 'only message, function_call and function_call_output are';
  return unsupportedParameter(`${at}.type`, `Items of type '${name}' are not supported: ${wayOut}.`);
}
