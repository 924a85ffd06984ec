import type { ChatChoice, ChatEvent, ToolCallDelta } from '../chat/chat-event.js';
import type { Collector } from '../generation/collect-answer.js';
import { halfAnswer } from '../openai/error-catalogue.js';
import type { OpenAIError } from '../openai/openai-error.js';
import {
  type FunctionCallItem,
  type MessageItem,
  newFunctionCall,
  newMessage,
  outputText,
  type ResponseBody,
  usageOf,
} from './response-body.js';

/** Takes an event as it is now: the response in it goes on changing. */
export type Send = (type: string, fields: object) => void;

/** Is given the whole answer and says whether it was kept. */
export type Keep = (response: ResponseBody) => boolean;

/**
 * Turns a chat's events into those of a response, and keeps the response as it stands after each: with and without a stream
 * it is the same object. Items are open one after another, never side by side.
 */
export class ResponseEvents implements Collector<ChatEvent, ResponseBody> {
  private sequence = 0;
  private begun = false;
  private finishReason: ChatChoice['finishReason'] = null;
  private open: MessageItem | FunctionCallItem | null = null;

  constructor(
    private readonly response: ResponseBody,
    private readonly keep: Keep,
    private readonly send: Send = () => {},
  ) {}

  take(event: ChatEvent): void {
    if (event.type === 'usage') this.response.usage = usageOf(event);
    if (event.type === 'chunk') for (const choice of event.choices) this.choice(choice);
  }

  /** The whole answer, after its last event. Throws 503 for half of one. */
  body(): ResponseBody {
    const { response } = this;
    if (this.finishReason === null || response.usage === null) {
      throw halfAnswer();
    }
    const cut = this.finishReason === 'length';
    response.status = cut ? 'incomplete' : 'completed';
    if (cut) response.incomplete_details = { reason: 'max_output_tokens' };
    else response.completed_at = Math.floor(Date.now() / 1000);
    response.store &&= this.keep(response);
    this.emit(`response.${response.status}`, { response });
    return response;
  }

  /** What ends an answer that failed in mid-stream; `error` has both shapes in which the SDKs look for it. */
  fail({ message, body: { error } }: OpenAIError): void {
    this.begin();
    const { response } = this;
    if (this.open !== null) this.open.status = 'incomplete';
    Object.assign(response, { status: 'failed', store: false, error: { code: 'server_error', message } });
    this.emit('response.failed', { response });
    this.emit('error', { code: error.code, message, param: error.param, error });
  }

  private choice({ text, toolCalls = [], finishReason, calculations }: ChatChoice): void {
    this.begin();
    if (calculations !== undefined) (this.response.calculations ??= []).push(...calculations);
    if (text !== '') this.text(text);
    for (const delta of toolCalls) this.toolCall(delta);
    if (finishReason === null) return;
    this.finishReason = finishReason;
    if (this.response.output.length === 0) this.openMessage(); // an answer without a word is still a message
    this.close(finishReason === 'length' ? 'incomplete' : 'completed');
  }

  private begin(): void {
    if (this.begun) return;
    this.begun = true;
    this.emit('response.created', { response: this.response });
    this.emit('response.in_progress', { response: this.response });
  }

  private text(delta: string): void {
    const item = this.open?.type === 'message' ? this.open : this.openMessage();
    item.content[0]!.text += delta;
    this.emit('response.output_text.delta', { ...this.at(item), content_index: 0, delta, logprobs: [] });
  }

  private toolCall({ id, name, arguments: delta }: ToolCallDelta): void {
    const item = id === undefined ? this.open : this.openItem(newFunctionCall(id, name ?? ''));
    if (item?.type !== 'function_call' || delta === '') return; // the first piece of a call has its id
    item.arguments += delta;
    this.emit('response.function_call_arguments.delta', { ...this.at(item), delta });
  }

  private openMessage(): MessageItem {
    const item = this.openItem(newMessage());
    item.content.push(outputText(''));
    this.emit('response.content_part.added', { ...this.at(item), content_index: 0, part: outputText('') });
    return item;
  }

  private openItem<Item extends MessageItem | FunctionCallItem>(item: Item): Item {
    this.close('completed');
    this.open = item;
    const output_index = this.response.output.push(item) - 1;
    this.emit('response.output_item.added', { output_index, item });
    return item;
  }

  private close(status: 'completed' | 'incomplete'): void {
    const item = this.open;
    if (item === null) return;
    this.open = null;
    item.status = status;
    const at = this.at(item);
    if (item.type === 'message') {
      const part = item.content[0]!;
      this.emit('response.output_text.done', { ...at, content_index: 0, text: part.text, logprobs: [] });
      this.emit('response.content_part.done', { ...at, content_index: 0, part });
    } else {
      this.emit('response.function_call_arguments.done', { ...at, name: item.name, arguments: item.arguments });
    }
    this.emit('response.output_item.done', { output_index: at.output_index, item });
  }

  private at(item: MessageItem | FunctionCallItem): { item_id: string; output_index: number } {
    return { item_id: item.id, output_index: this.response.output.indexOf(item) };
  }

  private emit(type: string, fields: object): void {
    this.send(type, { sequence_number: this.sequence++, ...fields });
  }
}
