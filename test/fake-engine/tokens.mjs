// The fake engine's tokens: a word each, or what script.tokens says; ids count from 1, 0 is <|bos|>.
const BOS = '<|bos|>';
const bytesOf = (text) => [...Buffer.from(text)];

/** Prompts in tokens: { id, bytes } each. Ids stand for ' t<id>'. */
export function promptTokens({ prompt, prompt_token_ids: ids, messages }) {
  if (ids) return ids.map((id) => ({ id, bytes: id === 0 ? bytesOf(BOS) : bytesOf(` t${id}`) }));
  const text = prompt ?? messages.map(({ content }) => content).join(' ');
  return [{ id: 0, bytes: bytesOf(BOS) }, ...wordTokens(text)];
}

/** The answer in tokens. */
export const replyTokens = ({ tokens, reply }) =>
  tokens === null ? wordTokens(reply) : tokens.map((bytes, at) => ({ id: at + 1, bytes }));

const wordTokens = (text) => (text.match(/\s*\S+/g) ?? []).map((word, at) => ({ id: at + 1, bytes: bytesOf(word) }));

export const textOf = (tokens) => Buffer.from(tokens.flatMap(({ id, bytes }) => (id === 0 ? [] : bytes))).toString();

/** Log-probabilities that tell the token's place: -1/8 for the first, and so on; the likeliest are ' a', ' b', ... */
export const entry = ({ id, bytes }, at, top) => ({
  id,
  bytes,
  logprob: -(at + 1) / 8,
  top: Array.from({ length: top }, (_, rank) => ({
    id: 1000 + rank,
    bytes: bytesOf(` ${String.fromCharCode(97 + rank)}`),
    logprob: -(rank + 1) / 16,
  })),
});

/** The line that an echo begins with. */
export function promptLine(body) {
  const tokens = promptTokens(body);
  const top = body.prompt_logprobs;
  const logprobs =
    top === undefined
      ? null
      : tokens.map((token, at) => (at === 0 ? { ...token, logprob: null, top: [] } : entry(token, at, top)));
  return { prompt: { token_ids: tokens.map(({ id }) => id), text: textOf(tokens), logprobs } };
}
