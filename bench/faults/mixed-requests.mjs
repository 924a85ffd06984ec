// One request of each kind that a mixed load has; each resolves to null, or to what was wrong with the answer.
import { answerOf, story, whole } from './chat.mjs';
import { pick } from './figures.mjs';
import { isErrorBody, post } from './http.mjs';

const SCHEMA = {
  type: 'object',
  properties: { name: { type: 'string', maxLength: 30 }, age: { type: 'integer' } },
  required: ['name', 'age'],
  additionalProperties: false,
};
const FORMAT = { type: 'json_schema', json_schema: { name: 'person', strict: true, schema: SCHEMA } };
const TOOL = { type: 'function', function: { name: 'age', parameters: SCHEMA } };
const seeds = (random) => Math.floor(random() * 1e6);
const tokens = (random) => 1 + Math.floor(random() ** 2 * 300);

const chat =
  (more) =>
  async ({ client, random }) => {
    const body = story(seeds(random), {
      max_tokens: tokens(random),
      temperature: pick(random, [0, 0.7, 1.5]),
      ...more,
    });
    const answer = await answerOf(client, body);
    return whole(answer, more.n) ? null : `chat ${JSON.stringify(more).slice(0, 80)}: ${answer.error ?? 'not whole'}`;
  };
const unstreamed = { stream: false, stream_options: null };

const structured = async ({ client, random }) => {
  const answer = await answerOf(
    client,
    story(seeds(random), { max_tokens: 120, temperature: 1, response_format: FORMAT }),
  );
  if (!whole(answer)) return `json: ${answer.error ?? 'not whole'}`;
  return typeof JSON.parse(answer.choices[0].text).age === 'number' ? null : `json: ${answer.choices[0].text}`;
};

const tools = async ({ client, random }) => {
  const body = story(seeds(random), { ...unstreamed, max_tokens: 120, tools: [TOOL], tool_choice: 'required' });
  const { choices } = await client.chat.completions.create(body);
  return choices[0].message.tool_calls?.[0]?.function.name === 'age' ? null : `tools: ${JSON.stringify(choices[0])}`;
};

const completion = async ({ client, random }) => {
  const body = {
    model: 'nanochat',
    prompt: `Once upon a time ${seeds(random)}`,
    max_tokens: tokens(random),
    seed: seeds(random),
  };
  const { choices } = await client.completions.create({ ...body, echo: true, logprobs: 2 });
  return choices[0].text.startsWith(body.prompt) ? null : `completion: ${choices[0].text}`;
};

const response = async ({ client, random }) => {
  const body = {
    model: 'nanochat',
    input: `Story ${seeds(random)}`,
    max_output_tokens: 16 + tokens(random),
    store: false,
  };
  const { status } = await client.responses.create(body);
  return ['completed', 'incomplete'].includes(status) ? null : `response: ${status}`;
};

const message = async ({ gateway, random }) => {
  const messages = [{ role: 'user', content: `Story ${seeds(random)}` }];
  const { status, text } = await post(gateway, '/v1/messages', {
    model: 'nanochat',
    max_tokens: tokens(random),
    messages,
  });
  return status === 200 ? null : `message: ${status} ${text}`;
};

const tokenized = async ({ gateway, random }) => {
  const prompt = `Story ${seeds(random)}`;
  const { tokens: ids } = JSON.parse((await post(gateway, '/tokenize', { prompt })).text);
  const { text } = await post(gateway, '/detokenize', { tokens: ids });
  return JSON.parse(text).prompt === prompt ? null : `tokenize: ${text}`;
};

/** Goes away after some chunks. */
const aborted = async ({ client, random }) => {
  const controller = new AbortController();
  let left = 1 + Math.floor(random() * 100);
  const body = story(seeds(random), { max_tokens: 400, ignore_eos: true, return_token_ids: true });
  await answerOf(client, body, { onTokens: () => --left === 0 && controller.abort(), signal: controller.signal });
  return null;
};

const REFUSED = [
  [400, { temperature: 5 }],
  [400, { n: 1000 }],
  [400, { messages: [] }],
  [404, { model: 'gpt-99' }],
  [400, { messages: [{ role: 'user', content: 'x'.repeat(9000) }] }],
  [400, { response_format: { type: 'json_schema', json_schema: { name: 'x', schema: { type: 'nothing' } } } }],
];
const refusal = async ({ gateway, random }) => {
  const [expected, more] = pick(random, REFUSED);
  const { status, text } = await post(gateway, '/v1/chat/completions', story(1, { max_tokens: 1, ...more }));
  return status === expected && isErrorBody(text) ? null : `refusal ${expected}: ${status} ${text}`;
};

/** Often what is often asked for. */
const KINDS = [
  ...[chat({}), chat({}), chat({}), chat(unstreamed), chat({ n: 3 }), chat({ logprobs: true, top_logprobs: 5 })],
  ...[structured, tools, completion, response, message, tokenized, aborted, aborted, refusal],
];

export const askSomething = (context) => pick(context.random, KINDS)(context);
