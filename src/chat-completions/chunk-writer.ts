import type { ChatChoice, ChatEvent } from '../chat/chat-event.js';
import type { AnswerIdentity } from '../generation/answer-identity.js';
import { ChunkFrame } from '../generation/chunk-frame.js';
import type { AnswerWriter } from '../generation/stream-answer.js';
import { halfAnswer } from '../openai/error-catalogue.js';
import { DONE, failureEvents } from '../openai/event-stream.js';
import { type AnswerShape, finishReasonOf } from './answer-shape.js';
import { LogprobsContent } from './logprobs-content.js';
import { toolCallDelta } from './tool-call-wire.js';

/** The members of a choice beside its delta, where nothing more was asked for. */
const PLAIN = '"logprobs":null';

/**
 * An engine's events as server-sent chunks, in OpenAI's order: the role of each choice, its text or calls, its finish, then
 * usage.
 */
export class ChunkWriter implements AnswerWriter<ChatEvent> {
  private readonly frame: ChunkFrame;
  private readonly logprobs: LogprobsContent[];
  private readonly completionTokens: number[];
  private promptTokens = 0;
  private promptIds: readonly number[] | null = null;
  private begun = false;
  private finished = 0;
  /** Whether tokens have their text and nothing else. */
  private readonly plain: boolean;

  constructor(
    identity: AnswerIdentity,
    private readonly shape: AnswerShape,
  ) {
    this.frame = new ChunkFrame(identity, 'chat.completion.chunk', shape);
    this.plain = !shape.logprobs && !shape.tokenIds && !shape.continuousUsage;
    this.logprobs = Array.from({ length: shape.n }, () => new LogprobsContent(shape));
    this.completionTokens = Array.from({ length: shape.n }, () => 0);
  }

  event(event: ChatEvent): string {
    if (event.type === 'chunk') return this.chunks(event.choices);
    if (event.type === 'usage') return this.frame.usage(event);
    if (event.type === 'admitted') this.promptTokens = event.promptTokens;
    else this.promptIds = event.tokenIds;
    return '';
  }

  done(): string {
    if (this.finished < this.shape.n) throw halfAnswer();
    return DONE;
  }

  readonly failure = failureEvents;

  private chunks(choices: readonly ChatChoice[]): string {
    let events = this.roles();
    for (const choice of choices) events += this.choice(choice);
    return events;
  }

  private choice(choice: ChatChoice): string {
    const { index, text, toolCalls, calculations, tokenIds, finishReason } = choice;
    if (this.plain && finishReason === null && toolCalls === undefined && calculations === undefined) {
      return text === '' ? '' : this.chunk(index, `{"content":${JSON.stringify(text)}}`, PLAIN, 'null');
    }
    if (this.shape.continuousUsage) this.completionTokens[index]! += tokenIds.length;
    const finish = finishReasonOf(choice, this.shape);
    let details = this.details(choice);
    let events = '';
    if (toolCalls !== undefined || calculations !== undefined) {
      events += this.chunk(index, JSON.stringify(deltaOf(choice)), details, 'null');
      details = PLAIN;
    } else if (text !== '' || (finish === null && details !== PLAIN)) {
      events += this.chunk(index, text === '' ? '{}' : `{"content":${JSON.stringify(text)}}`, details, 'null');
      details = PLAIN;
    }
    if (finish === null) return events;
    this.finished++;
    return events + this.chunk(index, '{}', details, `"${finish}"`);
  }

  /** What was asked for beside the text, of the tokens of this chunk. */
  private details(choice: ChatChoice): string {
    const { logprobs, tokenIds } = this.shape;
    if (!logprobs && !tokenIds) return PLAIN;
    const content = logprobs ? this.logprobs[choice.index]!.of(choice) : [];
    const told = content.length === 0 ? PLAIN : `"logprobs":${JSON.stringify({ content, refusal: null })}`;
    return tokenIds ? `${told},"token_ids":[${choice.tokenIds.join(',')}]` : told;
  }

  /** The prompt's ids come with the first chunk of all. */
  private roles(): string {
    if (this.begun) return '';
    this.begun = true;
    const delta = `{"role":"assistant","content":${this.shape.tools ? 'null' : '""'},"refusal":null}`;
    let events = '';
    for (let index = 0; index < this.shape.n; index++) {
      const ids = index === 0 && this.promptIds !== null ? `,"prompt_token_ids":[${this.promptIds.join(',')}]` : '';
      events += this.chunk(index, delta, PLAIN, 'null', ids);
    }
    return events;
  }

  /** `members` are of the chunk itself, each with a comma before it. */
  private chunk(index: number, delta: string, details: string, finish: string, members = ''): string {
    const choice = `{"index":${index},"delta":${delta},${details},"finish_reason":${finish}}`;
    return this.frame.chunk(choice, this.promptTokens, this.completionTokens[index]!, members);
  }
}

const deltaOf = ({ text, toolCalls, calculations }: ChatChoice) => ({
  ...(text === '' ? {} : { content: text }),
  ...(toolCalls === undefined ? {} : { tool_calls: toolCalls.map(toolCallDelta) }),
  ...(calculations === undefined ? {} : { calculations }),
});
