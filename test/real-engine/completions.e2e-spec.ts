import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import OpenAI from 'openai';
import { DEADLINE_MS, GatewayProcess } from './gateway-process.js';

const STORY = { model: 'nanochat', prompt: 'The fox is', temperature: 0, max_tokens: 12, seed: 5 };
/** Two ways of computing the same: a prompt in chunks, and a token at a time. */
const NEAR = 1e-3;

let gateway: GatewayProcess;
let client: OpenAI;

beforeAll(async () => {
  gateway = await GatewayProcess.start({ DTYPE: 'float32', BATCH_INVARIANT: 'on' });
  client = gateway.client;
}, DEADLINE_MS);

afterAll(() => gateway.end(), DEADLINE_MS);

type Choice = OpenAI.CompletionChoice & { token_ids: number[]; prompt_token_ids: number[] };

const complete = async (body: object): Promise<Choice[]> =>
  (await client.completions.create({ ...STORY, ...body })).choices as Choice[];

async function post<Body>(path: string, body: object): Promise<Body> {
  const answer = await fetch(`${gateway.address}${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  expect(answer.status).toBe(200);
  return (await answer.json()) as Body;
}

const spelt = (choice: Choice): string => {
  const { tokens = [], text_offset: offsets = [] } = choice.logprobs ?? {};
  return tokens.map((_, at) => choice.text.slice(offsets[at], offsets[at + 1])).join('|');
};

describe('a completion by the real engine', () => {
  it('tells log-probabilities that scoring the same tokens as a prompt finds again', async () => {
    const [written] = await complete({ logprobs: 2, return_token_ids: true });
    const { token_ids: ids, prompt_token_ids: before, logprobs } = written!;
    expect(ids.length).toBeGreaterThan(3);
    const [scored] = await complete({ prompt: [...before, ...ids], echo: true, max_tokens: 0, logprobs: 2 });
    const found = scored!.logprobs?.token_logprobs ?? [];
    expect(found).toHaveLength(before.length + ids.length);
    expect(found[0]).toBeNull();
    logprobs?.token_logprobs?.forEach((value, at) => {
      expect(Math.abs(value - found[before.length + at]!)).toBeLessThan(NEAR);
    });
  });

  it('chooses the likeliest token at temperature 0', async () => {
    const [{ logprobs }] = (await complete({ logprobs: 3 })) as [Choice];
    logprobs?.tokens?.forEach((token, at) => {
      const top = logprobs.top_logprobs?.[at] ?? {};
      expect(top[token]).toBe(Math.max(...Object.values(top)));
    });
  });

  it('has text offsets that cut its text into its tokens, echo and all', async () => {
    const [choice] = (await complete({ echo: true, logprobs: 0 })) as [Choice];
    expect(choice.text.startsWith('The fox is')).toBe(true);
    const pieces = (choice.logprobs?.tokens ?? []).map((token) => (token.startsWith('<|') ? '' : token));
    expect(spelt(choice)).toBe(pieces.join('|'));
  });

  it('names the bytes of half a character and counts it once it is whole', async () => {
    const [{ text, logprobs }] = (await complete({ prompt: '🙂 ok', echo: true, max_tokens: 0, logprobs: 0 })) as [
      Choice,
    ];
    expect(text).toBe('🙂 ok');
    const parts = logprobs?.tokens?.filter((token) => token.startsWith('bytes:')) ?? [];
    expect(parts.length).toBeGreaterThan(1);
    expect(parts.join('').replaceAll('bytes:', '')).toBe('\\xf0\\x9f\\x99\\x82');
    expect(logprobs?.text_offset?.slice(0, parts.length + 2)).toEqual([0, ...parts.map(() => 0), 1]);
  });

  it('is the same alone, beside other prompts, as ids and in a stream', async () => {
    const [alone] = await complete({ return_token_ids: true });
    const several = await complete({ prompt: ['Hello', STORY.prompt, 'One two'] });
    const [byIds] = await complete({ prompt: alone!.prompt_token_ids });
    let streamed = '';
    for await (const { choices } of await client.completions.create({ ...STORY, stream: true })) {
      streamed += choices[0]?.text ?? '';
    }
    expect([several[1]?.text, byIds?.text, streamed]).toEqual([alone?.text, alone?.text, alone?.text]);
  });

  it('refuses an id that the model does not have', async () => {
    await expect(complete({ prompt: [[1], [2 ** 30]] })).rejects.toMatchObject({
      constructor: OpenAI.BadRequestError,
      param: 'prompt[1]',
    });
  });
});

describe('/tokenize and /detokenize by the real engine', () => {
  interface Tokenized {
    count: number;
    tokens: number[];
    token_strs: string[];
    max_model_len: number;
  }

  it('count what a completion and a chat count', async () => {
    const text = await post<Tokenized>('/tokenize', { prompt: STORY.prompt });
    const completion = await client.completions.create({ ...STORY, max_tokens: 1 });
    expect(text.count).toBe(completion.usage?.prompt_tokens);
    const messages = [{ role: 'user' as const, content: 'Hello!' }];
    const chat = await post<Tokenized>('/tokenize', { messages });
    const answer = await client.chat.completions.create({ model: 'nanochat', messages, max_tokens: 1 });
    expect(chat.count).toBe(answer.usage?.prompt_tokens);
    expect(chat.max_model_len).toBeGreaterThan(chat.count);
  });

  it('take a text apart and put it together again', async () => {
    const prompt = 'Naïve 🙂 foxes,\n\n12 of them.';
    const { tokens, token_strs: strings } = await post<Tokenized>('/tokenize', { prompt, return_token_strs: true });
    expect(strings).toHaveLength(tokens.length);
    expect(strings[0]).toBe('<|bos|>');
    expect(await post('/detokenize', { tokens })).toEqual({ prompt });
  });
});
