import type { TokenLogprob, TokenLogprobs } from '../worker.js';

interface WireEntry {
  token: string;
  logprob: number;
  bytes?: number[] | null;
}

/** Of a chat, which llama-server has for completions too, or of OpenAI's completions. */
export type WireLogprobs =
  | { content?: (WireEntry & { top_logprobs?: WireEntry[] })[] | null }
  | { tokens: string[]; token_logprobs: (number | null)[]; top_logprobs?: (Record<string, number> | null)[] | null };

/** What a token that its server gives no id has. */
export const NO_ID = -1;

/** In the engine's own form, `top` entries each. Empty where they were not asked for, or are not there. */
export function logprobsOf(
  wire: WireLogprobs | null | undefined,
  tokenIds: readonly number[],
  top: number | undefined,
): TokenLogprobs[] {
  if (wire == null || top === undefined) return [];
  const entries = 'tokens' in wire ? ofCompletion(wire) : ofChat(wire.content ?? []);
  return entries.map((entry, at) => ({ ...entry, id: tokenIds[at] ?? NO_ID, top: entry.top.slice(0, top) }));
}

const ofChat = (content: (WireEntry & { top_logprobs?: WireEntry[] })[]): TokenLogprobs[] =>
  content.map(({ top_logprobs: top = [], ...own }) => ({ ...entryOf(own), top: top.map(entryOf) }));

const ofCompletion = ({
  tokens,
  token_logprobs: own,
  top_logprobs: tops,
}: Extract<WireLogprobs, { tokens: string[] }>) =>
  tokens.map((token, at): TokenLogprobs => {
    const top = Object.entries(tops?.[at] ?? {})
      .map(([other, logprob]) => entryOf({ token: other, logprob }))
      .toSorted((a, b) => b.logprob - a.logprob);
    return { ...entryOf({ token, logprob: own[at] ?? 0 }), top };
  });

const entryOf = ({ token, logprob, bytes }: WireEntry): TokenLogprob => ({
  ...{ id: NO_ID, logprob, bytes: bytes ?? bytesOf(token) },
});

/** Half a character is told as `bytes:\xe2\x80`. */
function bytesOf(token: string): number[] {
  if (!/^bytes:(\\x[0-9a-f]{2})+$/.test(token)) return [...Buffer.from(token)];
  return token
    .slice('bytes:\\x'.length)
    .split('\\x')
    .map((byte) => Number.parseInt(byte, 16));
}
