// Chats, and everything of an answer that a client can compare.
import { once } from 'node:events';
import { request } from 'node:http';
import OpenAI from 'openai';
import { agent } from '../probe.mjs';

export const clientOf = ({ address }, apiKey = 'none') =>
  new OpenAI({ baseURL: `${address}/v1`, apiKey, maxRetries: 0 });

/** A chat that says its seed, so that it can be had again. */
export const story = (index, more = {}) => ({
  model: 'nanochat',
  messages: [{ role: 'user', content: `Tell me story number ${index} about a fox.` }],
  ...{ stream: true, stream_options: { include_usage: true }, seed: index },
  ...more,
});

/**
 * The whole answer of a chat by OpenAI's own SDK, streamed or not: choices, the number of tokens, and the error that ended it. It never
 * rejects. `onTokens` is called with the number of tokens that each event brought.
 */
export async function answerOf(client, body, { onTokens = () => {}, signal } = {}) {
  const answer = { choices: [], tokens: null, error: null };
  try {
    const result = await client.chat.completions.create(body, { signal });
    for await (const event of body.stream ? result : [result]) take(event, answer, onTokens);
  } catch (failure) {
    answer.error = `${failure.status ?? ''} ${failure.message}`.trim();
  }
  return answer;
}

/**
 * The same without the SDK, and read only at the end: a client that keeps up with 16 streams of a fast model, so that a
 * moment in what it has got is a moment in what the server does.
 */
export async function keenAnswerOf({ address }, body, { onTokens = () => {}, signal } = {}) {
  const answer = { choices: [], tokens: null, error: null };
  try {
    const headers = { 'content-type': 'application/json' };
    const sent = request(`${address}/v1/chat/completions`, { method: 'POST', headers, agent, signal });
    sent.end(JSON.stringify(body));
    const [response] = await once(sent, 'response');
    let text = '';
    for await (const part of response.setEncoding('utf8')) {
      text += part;
      onTokens(part.split('"token_ids":[').length - 1);
    }
    for (const event of eventsOf(text, response, body)) {
      if (event.error) answer.error = event.error.message;
      else take(event, answer, () => {});
    }
  } catch (failure) {
    answer.error = failure.message;
  }
  return answer;
}

function eventsOf(text, { statusCode }, { stream }) {
  if (!stream || statusCode !== 200) return [JSON.parse(text)];
  const events = text.split('\n\n').filter((event) => event.startsWith('data: '));
  if (events.pop() !== 'data: [DONE]') throw new Error('the stream has no [DONE]');
  return events.map((event) => JSON.parse(event.slice('data: '.length)));
}

function take({ choices, usage }, answer, onTokens) {
  if (usage) answer.tokens = usage.completion_tokens;
  for (const { index, delta, message, finish_reason: finish, token_ids: ids, logprobs } of choices) {
    const choice = (answer.choices[index] ??= { text: '', ids: [], logprobs: [], finish: null });
    choice.text += (delta ?? message).content ?? '';
    choice.finish ??= finish;
    choice.logprobs.push(...(logprobs?.content ?? []));
    if (!ids?.length) continue;
    choice.ids.push(...ids);
    onTokens(ids.length);
  }
}

/** Whether it came to its end, with all its choices. */
export const whole = ({ choices, tokens, error }, n = 1) =>
  error === null && tokens !== null && choices.length === n && choices.every(({ finish }) => finish !== null);
