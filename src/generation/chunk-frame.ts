import type { AnswerIdentity } from './answer-identity.js';
import { type UsageEvent, usageOf } from './usage.js';

interface Shape {
  usage: boolean;
  continuousUsage: boolean;
}

/** What all chunks of a stream of OpenAI's share, encoded once, so that a token costs one JSON.stringify of its text. */
export class ChunkFrame {
  private readonly head: string;
  private readonly tail: string;

  constructor(
    { id, created, model, fingerprint }: AnswerIdentity,
    object: string,
    private readonly shape: Shape,
  ) {
    const shared = { id, object, created, model, system_fingerprint: fingerprint };
    this.head = `data: ${JSON.stringify(shared).slice(0, -1)},"choices":[`;
    this.tail = shape.usage ? ',"usage":null}\n\n' : '}\n\n';
  }

  /** `choice` is its JSON; the tokens are its own, so far; `members` are of the chunk itself, with a comma before each. */
  chunk(choice: string, promptTokens: number, completionTokens: number, members = ''): string {
    const tail = this.shape.continuousUsage ? usageSoFar(promptTokens, completionTokens) : this.tail;
    return `${this.head}${choice}]${members}${tail}`;
  }

  /** The one chunk without choices; empty unless the client asked for it. */
  usage(event: UsageEvent): string {
    return this.shape.usage ? `${this.head}],"usage":${JSON.stringify(usageOf(event))}}\n\n` : '';
  }
}

/** vLLM's: of one choice alone. */
function usageSoFar(promptTokens: number, completionTokens: number): string {
  const usage = {
    prompt_tokens: promptTokens,
    completion_tokens: completionTokens,
    total_tokens: promptTokens + completionTokens,
  };
  return `,"usage":${JSON.stringify(usage)}}\n\n`;
}
