import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type OpenAI from 'openai';
import { follow, received } from './chat-scripts.js';
import { chunksOf } from './event-lines.js';
import { CHAT, ServedGateway } from './served-gateway.js';

let gateway: ServedGateway;

beforeAll(async () => {
  gateway = await ServedGateway.start();
});
beforeEach(() => follow(gateway));
afterAll(() => gateway.close());

const bytes = (...texts: string[]) => texts.map((text) => [...Buffer.from(text)]);

const answered = (fields: object) =>
  gateway.client().chat.completions.create({ ...CHAT, ...fields } as OpenAI.ChatCompletionCreateParamsNonStreaming);

const streamed = async (fields: object) =>
  chunksOf(await (await gateway.post({ ...CHAT, ...fields, stream: true })).text());

describe('log-probabilities', () => {
  it('come for each token of the text, with so many of the likeliest', async () => {
    const { logprobs } = (await answered({ logprobs: true, top_logprobs: 2 })).choices[0]!;
    const likeliest = [
      { token: ' a', logprob: -0.0625, bytes: [32, 97] },
      { token: ' b', logprob: -0.125, bytes: [32, 98] },
    ];
    expect(logprobs).toEqual({
      content: [
        { token: 'one', logprob: -0.125, bytes: [111, 110, 101], top_logprobs: likeliest },
        { token: ' two', logprob: -0.25, bytes: [32, 116, 119, 111], top_logprobs: likeliest },
      ],
      refusal: null,
    });
    expect((await received(gateway)).sampling).toMatchObject({ logprobs: 2 });
  });

  it('come in a stream with the text that they are of', async () => {
    const chunks = await streamed({ logprobs: true });
    const told = chunks.map(({ choices }) => [
      choices[0]?.delta.content,
      choices[0]?.logprobs?.content?.map(({ token }) => token) ?? null,
    ]);
    expect(told).toEqual([
      ['', null],
      ['one', ['one']],
      [' two', [' two']],
      [undefined, null],
    ]);
  });

  it('come also where a token is but a part of a character', async () => {
    await follow(gateway, { tokens: [[0xc3], [0xa9]] });
    const chunks = await streamed({ logprobs: true });
    const told = chunks.flatMap(({ choices }) => choices[0]?.logprobs?.content ?? []);
    expect(told.map((entry) => entry.bytes)).toEqual([[0xc3], [0xa9]]);
    expect(chunks.map(({ choices }) => choices[0]?.delta.content ?? '').join('')).toBe('é');
  });

  it('have no token that is no text: what ends the answer, and the calculator beneath it', async () => {
    const hidden = { hidden: true };
    await follow(gateway, {
      tokens: bytes(
        'a',
        '<|python_start|>',
        '1+1',
        '<|python_end|>',
        '<|output_start|>',
        '2',
        '<|output_end|>',
        'b',
        '<|assistant_end|>',
      ),
      details: { 1: hidden, 2: hidden, 3: hidden, 4: hidden, 5: hidden, 6: hidden, 8: hidden },
    });
    const { message, logprobs } = (await answered({ logprobs: true })).choices[0]!;
    expect(message.content).toBe('ab');
    expect(logprobs?.content?.map(({ token }) => token)).toEqual(['a', 'b']);
  });

  it('have no stop token of the request', async () => {
    await follow(gateway, { tokens: bytes('a', 'b'), details: { 1: { hidden: true } } });
    const { logprobs } = (await answered({ logprobs: true, stop_token_ids: [2] })).choices[0]!;
    expect(logprobs?.content?.map(({ token }) => token)).toEqual(['a']);
  });

  it('are never infinite and never null', async () => {
    await follow(gateway, { details: { 0: { logprob: null }, 1: { logprob: -1e30 } } });
    const { logprobs } = (await answered({ logprobs: true })).choices[0]!;
    expect(logprobs?.content?.map(({ logprob }) => logprob)).toEqual([-9999, -9999]);
  });

  it('are null where they were not asked for', async () => {
    expect((await answered({})).choices[0]?.logprobs).toBeNull();
    expect((await received(gateway)).sampling).not.toHaveProperty('logprobs');
  });
});

describe('return_token_ids', () => {
  it('has the ids of the prompt and of each choice', async () => {
    const answer = await answered({ return_token_ids: true, n: 2 });
    expect(answer).toMatchObject({ prompt_token_ids: [0, 1], choices: [{ token_ids: [1, 2] }, { token_ids: [1, 2] }] });
  });

  it('has those of the prompt in the first chunk of a stream and those of the answer with their text', async () => {
    await follow(gateway, { details: { 1: { hidden: true } } });
    const chunks = await streamed({ return_token_ids: true });
    expect(chunks[0]?.prompt_token_ids).toEqual([0, 1]);
    expect(chunks.slice(1).some((chunk) => 'prompt_token_ids' in chunk)).toBe(false);
    expect(chunks.map(({ choices }) => choices[0]?.token_ids)).toEqual([undefined, [1], [2]]);
  });

  it('is not in an answer that was not asked for it', async () => {
    const answer = await answered({});
    expect(answer).not.toHaveProperty('prompt_token_ids');
    expect(answer.choices[0]).not.toHaveProperty('token_ids');
    expect(await received(gateway)).not.toHaveProperty('echo');
  });
});

describe('usage in every chunk', () => {
  it('counts each choice as it goes, and is whole in the last one', async () => {
    const options = { include_usage: true, continuous_usage_stats: true };
    const chunks = await streamed({ stream_options: options, n: 2 });
    const first = chunks.filter(({ choices }) => choices[0]?.index === 0).map(({ usage }) => usage?.completion_tokens);
    expect(first).toEqual([0, 1, 2, 2]);
    expect(chunks[0]?.usage).toEqual({ prompt_tokens: 9, completion_tokens: 0, total_tokens: 9 });
    expect(chunks.at(-1)).toMatchObject({ choices: [], usage: { completion_tokens: 4, total_tokens: 13 } });
  });
});

describe("nanochat's calculator", () => {
  const calculations = [{ expression: '2+2', result: '4' }];

  it('tells what it calculated, in the message and in the stream', async () => {
    await follow(gateway, { details: { 1: { calculations } } });
    expect((await answered({})).choices[0]?.message).toMatchObject({ content: 'one two', calculations });
    const deltas = (await streamed({})).map(({ choices }) => choices[0]?.delta);
    expect(deltas.slice(1)).toEqual([{ content: 'one' }, { content: ' two', calculations }, {}]);
  });

  it('is on unless the request says otherwise', async () => {
    await answered({});
    expect((await received(gateway))['calculator']).toBe(true);
    await answered({ calculator: false });
    expect((await received(gateway))['calculator']).toBe(false);
  });

  it('is as CALCULATOR says where the request says nothing', async () => {
    const off = await ServedGateway.start({}, { CALCULATOR: 'false' });
    try {
      await off.post(CHAT);
      expect((await received(off))['calculator']).toBe(false);
      await off.post({ ...CHAT, calculator: true });
      expect((await received(off))['calculator']).toBe(true);
    } finally {
      await off.close();
    }
  });
});

describe('what the engine is asked', () => {
  it('has every field of sampling', async () => {
    const sampling = {
      ...{ min_p: 0.1, presence_penalty: 0.5, frequency_penalty: -0.5, repetition_penalty: 1.1 },
      ...{ logit_bias: { '5': 1, '7': -100 }, min_tokens: 2, stop_token_ids: [4], max_tokens: 9 },
    };
    await gateway.post({ ...CHAT, ...sampling });
    expect((await received(gateway)).sampling).toMatchObject(sampling);
  });

  const schema = { type: 'object', properties: { a: { type: 'string' } } };

  it.each([
    [{ response_format: { type: 'text' } }, undefined],
    [{ response_format: { type: 'json_object' } }, { json_object: true }],
    [
      { response_format: { type: 'json_schema', json_schema: { name: 'a', schema, strict: true } } },
      { json_schema: schema },
    ],
    [{ structured_outputs: { json: schema } }, { json_schema: schema }],
    [{ structured_outputs: { json: JSON.stringify(schema) } }, { json_schema: schema }],
    [{ structured_outputs: { json_object: true, regex: null } }, { json_object: true }],
    [{ structured_outputs: { regex: 'a+' } }, { regex: 'a+' }],
    [{ structured_outputs: { choice: ['a', 'b'] } }, { choice: ['a', 'b'] }],
    [{ structured_outputs: { grammar: 'start: "a"' }, response_format: { type: 'text' } }, { lark: 'start: "a"' }],
  ])('has the constraint of %j', async (fields, constraint) => {
    expect((await gateway.post({ ...CHAT, ...fields })).status).toBe(200);
    expect((await received(gateway))['constraint']).toEqual(constraint);
  });
});
