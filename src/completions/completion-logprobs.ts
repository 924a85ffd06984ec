import { characters } from '../generation/characters.js';
import { finiteLogprob, isSpecial } from '../generation/logprobs.js';
import type { PromptTokenLogprobs, TokenLogprob } from '../python-engine/worker.js';

/** OpenAI's object: for each token its text, its log-probability, the likeliest with their own, and where its text begins. */
export interface CompletionLogprobs {
  tokens: string[];
  /** Null for a prompt's first token, which nothing comes before. */
  token_logprobs: (number | null)[];
  /** The likeliest ones and the token itself. */
  top_logprobs: (Record<string, number> | null)[];
  /** In characters, from the beginning of the choice's text, the prompt's with `echo`. */
  text_offset: number[];
}

/** Log-probabilities of one choice, piece by piece: an entry for each token, also for those that have no text. */
export class LogprobsOfChoice {
  private decoder = streamDecoder();
  private offset = 0;

  of(entries: readonly PromptTokenLogprobs[]): CompletionLogprobs {
    return {
      tokens: entries.map(({ bytes }) => tokenString(bytes)),
      token_logprobs: entries.map(({ logprob }) => (logprob === null ? null : finiteLogprob(logprob))),
      top_logprobs: entries.map(topOf),
      text_offset: entries.map((entry) => this.advance(entry)),
    };
  }

  /** Half a character at the end of the prompt is not made whole by the answer. */
  promptEnds(): void {
    this.offset += characters(this.decoder.decode());
    this.decoder = streamDecoder();
  }

  private advance({ bytes }: { bytes: readonly number[] }): number {
    const at = this.offset;
    if (!isSpecial({ bytes })) this.offset += characters(this.decoder.decode(Uint8Array.from(bytes), { stream: true }));
    return at;
  }
}

const streamDecoder = () => new TextDecoder('utf-8', { ignoreBOM: true });
const wholeOnly = new TextDecoder('utf-8', { ignoreBOM: true, fatal: true });

/** A token's text; of half a character OpenAI's form of its bytes: bytes:\xe2\x80 */
export function tokenString(bytes: readonly number[]): string {
  try {
    return wholeOnly.decode(Uint8Array.from(bytes));
  } catch {
    return `bytes:${bytes.map((byte) => `\\x${byte.toString(16).padStart(2, '0')}`).join('')}`;
  }
}

function topOf({ bytes, logprob, top }: PromptTokenLogprobs): Record<string, number> | null {
  if (logprob === null) return null;
  const likeliest = Object.create(null) as Record<string, number>; // a token may be spelt __proto__
  for (const other of [{ bytes, logprob }, ...top] as TokenLogprob[]) {
    likeliest[tokenString(other.bytes)] ??= finiteLogprob(other.logprob);
  }
  return likeliest;
}
