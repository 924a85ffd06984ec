import type { ChatChoice, ChatEvent } from '../chat/chat-event.js';
import type { AnswerIdentity } from '../generation/answer-identity.js';
import type { AnswerWriter } from '../generation/stream-answer.js';
import { usageOf } from '../generation/usage.js';
import { engineFailed } from '../openai/error-catalogue.js';
import { DONE, failureEvents } from '../openai/event-stream.js';
import { type AnswerShape, finishReasonOf } from './answer-shape.js';
import { LogprobsContent } from './logprobs-content.js';
import { toolCallDelta } from './tool-call-wire.js';

/** The members of a choice beside its delta, where nothing more was asked for. */
const PLAIN = '"logprobs":null';

/**
 * An engine's events as server-sent chunks, in OpenAI's order: the role of each choice, its text or calls, its finish, then
 * usage. What all chunks share is encoded once, so that a token costs one JSON.stringify of its text.
 */
export class ChunkWriter implements AnswerWriter<ChatEvent> {
  private readonly head: string;
  private readonly tail: string;
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
    const { id, created, model, fingerprint } = identity;
    const shared = { id, object: 'chat.completion.chunk', created, model, system_fingerprint: fingerprint };
    this.head = `data: ${JSON.stringify(shared).slice(0, -1)},"choices":[`;
    this.tail = shape.usage ? '],"usage":null}\n\n' : ']}\n\n';
    this.plain = !shape.logprobs && !shape.tokenIds && !shape.continuousUsage;
    this.logprobs = Array.from({ length: shape.n }, () => new LogprobsContent(shape));
    this.completionTokens = Array.from({ length: shape.n }, () => 0);
  }

  event(event: ChatEvent): string {
    if (event.type === 'chunk') return this.chunks(event.choices);
    if (event.type === 'usage') return this.usage(event);
    if (event.type === 'admitted') this.promptTokens = event.promptTokens;
    else this.promptIds = event.tokenIds;
    return '';
  }

  done(): string {
    if (this.finished < this.shape.n) throw engineFailed('The engine ended its answer before it was complete.');
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

  /** The one chunk without choices; empty unless the client asked for it. */
  private usage(event: Extract<ChatEvent, { type: 'usage' }>): string {
    return this.shape.usage ? `${this.head}],"usage":${JSON.stringify(usageOf(event))}}\n\n` : '';
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
    const tail = this.shape.continuousUsage ? this.usageSoFar(index) : this.tail;
    const end = members === '' ? tail : `]${members}${tail.slice(1)}`;
    return `${this.head}{"index":${index},"delta":${delta},${details},"finish_reason":${finish}}${end}`;
  }

  /** vLLM's: of this choice alone. */
  private usageSoFar(index: number): string {
    const completionTokens = this.completionTokens[index]!;
    const usage = {
      prompt_tokens: this.promptTokens,
      completion_tokens: completionTokens,
      total_tokens: this.promptTokens + completionTokens,
    };
    return `],"usage":${JSON.stringify(usage)}}\n\n`;
  }
}

const deltaOf = ({ text, toolCalls, calculations }: ChatChoice) => ({
  ...(text === '' ? {} : { content: text }),
  ...(toolCalls === undefined ? {} : { tool_calls: toolCalls.map(toolCallDelta) }),
  ...(calculations === undefined ? {} : { calculations }),
});
