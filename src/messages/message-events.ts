import type { ChatChoice, ChatEvent, ToolCallDelta } from '../chat/chat-event.js';
import type { Collector } from '../generation/collect-answer.js';
import { halfAnswer } from '../openai/error-catalogue.js';
import {
  deltaUsageOf,
  type MessageBody,
  newText,
  newToolUse,
  type StopReason,
  type TextBlock,
  type ToolUseBlock,
  usageOf,
} from './message-body.js';

const STOP_REASONS = { stop: 'end_turn', length: 'max_tokens', tool_calls: 'tool_use' } as const;

/** Takes an event as it is now: the message in it goes on changing. */
export type Send = (type: string, fields: object) => void;

/**
 * Turns a chat's events into those of a message, and keeps the message as it stands after each: with and without a stream it
 * is the same object. Blocks are open one after another, never side by side.
 */
export class MessageEvents implements Collector<ChatEvent, MessageBody> {
  private begun = false;
  private counted = false;
  private open: { block: TextBlock | ToolUseBlock; index: number; json: string } | null = null;

  constructor(
    private readonly message: MessageBody,
    private readonly send: Send = () => {},
  ) {}

  take(event: ChatEvent): void {
    const { message } = this;
    if (event.type === 'admitted') {
      message.usage = usageOf({ promptTokens: event.promptTokens, completionTokens: 0, cachedTokens: 0 });
    } else if (event.type === 'usage') {
      message.usage = usageOf(event);
      this.counted = true;
    } else if (event.type === 'chunk') for (const choice of event.choices) this.choice(choice);
  }

  /** The whole answer, after its last events. Throws 503 for half of one. */
  body(): MessageBody {
    const { stop_reason, stop_sequence, stop_details, container, usage, calculations } = this.message;
    if (stop_reason === null || !this.counted) {
      throw halfAnswer();
    }
    this.send('message_delta', {
      delta: { stop_reason, stop_sequence, stop_details, container },
      usage: deltaUsageOf(usage),
      ...(calculations === undefined ? {} : { calculations }),
    });
    this.send('message_stop', {});
    return this.message;
  }

  private choice({ text, toolCalls = [], finishReason, stop, calculations }: ChatChoice): void {
    this.begin();
    const { message } = this;
    if (calculations !== undefined) (message.calculations ??= []).push(...calculations);
    if (text !== '') this.text(text);
    for (const delta of toolCalls) this.toolCall(delta);
    if (finishReason === null) return;
    this.close();
    const stopped = finishReason === 'stop' && stop !== undefined;
    message.stop_reason = stopped ? 'stop_sequence' : (STOP_REASONS[finishReason] satisfies StopReason);
    message.stop_sequence = stopped ? stop : null;
  }

  private begin(): void {
    if (this.begun) return;
    this.begun = true;
    this.send('message_start', { message: this.message });
    this.send('ping', {});
  }

  private text(text: string): void {
    const open = this.open?.block.type === 'text' ? this.open : this.start(newText());
    (open.block as TextBlock).text += text;
    this.send('content_block_delta', { index: open.index, delta: { type: 'text_delta', text } });
  }

  private toolCall({ id, name, arguments: json }: ToolCallDelta): void {
    const open = id === undefined ? this.open : this.start(newToolUse(id, name ?? ''));
    if (open?.block.type !== 'tool_use' || json === '') return; // the first piece of a call has its id
    open.json += json;
    this.send('content_block_delta', { index: open.index, delta: { type: 'input_json_delta', partial_json: json } });
  }

  private start(block: TextBlock | ToolUseBlock): NonNullable<MessageEvents['open']> {
    this.close();
    const index = this.message.content.push(block) - 1;
    this.send('content_block_start', { index, content_block: block });
    this.open = { block, index, json: '' };
    return this.open;
  }

  private close(): void {
    if (this.open === null) return;
    const { block, index, json } = this.open;
    this.open = null;
    if (block.type === 'tool_use') block.input = parsed(json);
    this.send('content_block_stop', { index });
  }
}

/** A call that a stop sequence cut is no JSON; what stop_reason says then is not tool_use, so nobody runs it. */
function parsed(json: string): object {
  try {
    return JSON.parse(json) as object;
  } catch {
    return {};
  }
}
