import { afterEach, describe, expect, it } from '@jest/globals';
import type { FakeEngineScript } from '../fake-engine/fake-engine.js';
import { eventsOf } from './event-lines.js';
import { ServedGateway } from './served-gateway.js';

const HELLO = { model: 'nanochat', prompt: 'Hello there' };

let gateway: ServedGateway;

const start = async (script: FakeEngineScript = {}, environment: Record<string, string> = {}): Promise<void> => {
  gateway = await ServedGateway.start(script, environment);
};

const create = (body: object) => gateway.client().completions.create({ ...HELLO, ...body });
const post = (body: object) => gateway.post({ ...HELLO, ...body }, { path: '/v1/completions' });

/** The bodies that the engine got, in the order in which they came. */
const received = async (requests = 1): Promise<Record<string, unknown>[]> => {
  const { bodies } = await gateway.seen((counts) => counts.requests >= requests);
  return bodies.map((body) => JSON.parse(body) as Record<string, unknown>);
};

interface Chunk {
  choices: {
    index: number;
    text: string;
    logprobs: object | null;
    finish_reason: string | null;
    token_ids?: number[];
  }[];
  usage?: { prompt_tokens: number; completion_tokens: number } | null;
  error?: { code: string | null };
}

const chunksOf = (text: string): Chunk[] =>
  eventsOf(text)
    .filter((event) => event !== 'data: [DONE]')
    .map((event) => JSON.parse(event.slice('data: '.length)) as Chunk);

const streamed = async (body: object): Promise<Chunk[]> => {
  const text = await (await post({ ...body, stream: true })).text();
  expect(text.endsWith('data: [DONE]\n\n')).toBe(true);
  return chunksOf(text);
};

afterEach(() => gateway.close());

describe('a completion', () => {
  it('is one object with text, finish and usage, for a prompt that the engine gets as it is', async () => {
    await start({ reply: 'one two', promptTokens: 5 });
    const answer = await create({ max_tokens: 9 });
    expect(answer).toMatchObject({
      object: 'text_completion',
      model: 'nanochat',
      choices: [{ index: 0, text: 'one two', logprobs: null, finish_reason: 'stop' }],
      usage: { prompt_tokens: 5, completion_tokens: 2, total_tokens: 7 },
    });
    expect(answer.id).toMatch(/^cmpl-/);
    expect((await received())[0]).toMatchObject({ prompt: 'Hello there', n: 1, calculator: false });
  });

  it('has at most 16 tokens where the request does not say', async () => {
    await start();
    await create({});
    expect((await received())[0]).toMatchObject({ sampling: { max_tokens: 16 } });
  });

  it('is also served without /v1', async () => {
    await start({ reply: 'one' });
    const answer = await gateway.post(HELLO, { path: '/completions' });
    expect(await answer.json()).toMatchObject({ choices: [{ text: 'one' }] });
  });

  it('hands every sampling parameter to the engine', async () => {
    await start();
    const sampling = {
      ...{ temperature: 0.5, top_p: 0.9, top_k: 4, min_p: 0.1, presence_penalty: 1, frequency_penalty: -1 },
      ...{ repetition_penalty: 1.5, logit_bias: { '5': -100 }, seed: 3, stop_token_ids: [7], min_tokens: 1 },
      ...{ max_tokens: 4, ignore_eos: true, logprobs: 2 },
    };
    await post({ ...sampling, stop: 'END', structured_outputs: { regex: 'a+' } });
    expect((await received())[0]).toMatchObject({
      sampling: { ...sampling, stop: ['END'] },
      constraint: { regex: 'a+' },
    });
  });
});

describe('several prompts', () => {
  it('have their choices in the order of the prompts, n of each, and one usage in sum', async () => {
    await start({ replies: { a: 'one', b: 'two words' }, promptTokens: 3 });
    const answer = await create({ prompt: ['a', 'b'], n: 2 });
    expect(answer.choices.map(({ index, text }) => [index, text])).toEqual([
      ...[
        [0, 'one'],
        [1, 'one'],
      ],
      ...[
        [2, 'two words'],
        [3, 'two words'],
      ],
    ]);
    expect(answer.usage).toMatchObject({ prompt_tokens: 6, completion_tokens: 6, total_tokens: 12 });
  });

  it('may be token ids, one array or several', async () => {
    await start({ reply: 'one' });
    expect((await create({ prompt: [5, 6] })).choices).toHaveLength(1);
    expect((await create({ prompt: [[5], [7, 8]] })).choices).toHaveLength(2);
    const prompts = (await received(3)).map(({ prompt_token_ids }) => prompt_token_ids);
    expect(prompts).toEqual([[5, 6], ...[[5], [7, 8]]]);
  });

  it('of which more come than the server runs at once are all answered', async () => {
    await start({ reply: 'one', maxRunning: 2 }, { QUEUE_LIMIT: '20' });
    const { choices } = await create({ prompt: Array.from({ length: 40 }, (_, i) => `p${i}`) });
    expect(choices.map(({ text }) => text)).toEqual(Array.from({ length: 40 }, () => 'one'));
  });

  it('are refused as a whole, with the place of the wrong one, and the others are ended', async () => {
    const refusal = { status: 400, code: 'context_length_exceeded', message: 'too long', param: 'prompt' };
    await start({ refusals: { b: refusal }, stallAfterTokens: 1 });
    for (const stream of [false, true]) {
      const answer = await post({ prompt: ['a', 'b', 'c'], stream });
      expect(answer.status).toBe(400);
      expect(await answer.json()).toMatchObject({ error: { param: 'prompt[1]', code: 'context_length_exceeded' } });
      await gateway.seen(({ open }) => open === 0);
    }
    expect((await gateway.seen(({ open }) => open === 0)).aborted).toBeGreaterThan(0);
  });

  it('are streamed side by side, each chunk with the place of its choice', async () => {
    await start({ replies: { a: 'a1 a2 a3', b: 'b1 b2 b3' }, tokenDelayMs: 20 });
    const chunks = await streamed({ prompt: ['a', 'b'], n: 2 });
    const texts = ['', '', '', ''];
    for (const { choices } of chunks) for (const { index, text } of choices) texts[index] += text;
    expect(texts).toEqual(['a1 a2 a3', 'a1 a2 a3', 'b1 b2 b3', 'b1 b2 b3']);
    const order = chunks.flatMap(({ choices }) => choices.map(({ index }) => index));
    expect(order.indexOf(2)).toBeLessThan(order.lastIndexOf(0));
  });
});

describe('echo', () => {
  it('puts the prompt before the answer, once for each choice', async () => {
    await start({ reply: ' one' });
    const answer = await create({ echo: true, n: 2 });
    expect(answer.choices.map(({ text }) => text)).toEqual(['Hello there one', 'Hello there one']);
    const chunks = await streamed({ echo: true });
    expect(chunks.map(({ choices }) => choices[0]?.text)).toEqual(['Hello there', ' one']);
  });

  it('works with max_tokens 0, which nothing else does', async () => {
    await start();
    const answer = await create({ echo: true, max_tokens: 0 });
    expect(answer.choices).toMatchObject([{ text: 'Hello there', finish_reason: 'length' }]);
    expect(answer.usage).toMatchObject({ completion_tokens: 0 });
    const refused = await post({ max_tokens: 0 });
    expect(refused.status).toBe(400);
    expect(await refused.json()).toMatchObject({ error: { param: 'max_tokens' } });
  });

  it('with logprobs tells those of the prompt, of its first token none, with offsets that run through', async () => {
    await start({ reply: ' one two' });
    const { choices } = await create({ echo: true, logprobs: 1, prompt: 'Hé there' });
    expect(choices[0]?.text).toBe('Hé there one two');
    expect(choices[0]?.logprobs).toEqual({
      tokens: ['<|bos|>', 'Hé', ' there', ' one', ' two'],
      token_logprobs: [null, -0.25, -0.375, -0.125, -0.25],
      top_logprobs: [
        null,
        { Hé: -0.25, ' a': -0.0625 },
        { ' there': -0.375, ' a': -0.0625 },
        { ' one': -0.125, ' a': -0.0625 },
        { ' two': -0.25, ' a': -0.0625 },
      ],
      text_offset: [0, 0, 2, 8, 12],
    });
    expect((await received())[0]).toMatchObject({ echo: true, prompt_logprobs: 1, sampling: { logprobs: 1 } });
  });

  it('is the same in pieces', async () => {
    await start({ reply: ' one two' });
    const chunks = await streamed({ echo: true, logprobs: 0, prompt: 'Hi' });
    const parts = chunks.map(({ choices }) => choices[0]!.logprobs as Record<string, unknown[]>);
    expect(parts.flatMap(({ tokens }) => tokens)).toEqual(['<|bos|>', 'Hi', ' one', ' two']);
    expect(parts.flatMap(({ text_offset: offsets }) => offsets)).toEqual([0, 0, 2, 6]);
  });
});

describe('logprobs', () => {
  it('of half a character name its bytes, and text offsets count characters', async () => {
    await start({ tokens: [[0xf0, 0x9f], [0x99, 0x82], [0x41]] });
    const { choices } = await create({ logprobs: 0 });
    expect(choices[0]?.text).toBe('🙂A');
    expect(choices[0]?.logprobs).toMatchObject({
      tokens: ['bytes:\\xf0\\x9f', 'bytes:\\x99\\x82', 'A'],
      text_offset: [0, 0, 1],
    });
  });

  it('may be of up to 20 tokens', async () => {
    await start({ reply: 'one' });
    const { choices } = await create({ logprobs: 20 });
    expect(Object.keys(choices[0]?.logprobs?.top_logprobs?.[0] ?? {})).toHaveLength(21);
    expect((await post({ logprobs: 21 })).status).toBe(400);
  });
});

describe('return_token_ids', () => {
  it('gives the ids of prompt and answer with each choice', async () => {
    await start({ reply: 'one two' });
    const answer = await create({ return_token_ids: true });
    expect(answer.choices[0]).toMatchObject({ text: 'one two', token_ids: [1, 2], prompt_token_ids: [0, 1, 2] });
  });

  it('gives them in a stream, those of the prompt once', async () => {
    await start({ reply: 'one two' });
    const chunks = await streamed({ return_token_ids: true });
    expect(chunks.map(({ choices }) => choices[0]?.token_ids)).toEqual([[], [1], [2]]);
    expect(chunks.map(({ choices }) => choices[0]).filter((choice) => 'prompt_token_ids' in choice!)).toHaveLength(1);
  });
});

describe('a stream of a completion', () => {
  it('is read by the SDK', async () => {
    await start({ reply: 'one two' });
    const stream = await gateway.client().completions.create({ ...HELLO, stream: true });
    let text = '';
    const finishes = [];
    for await (const { object, choices } of stream) {
      expect(object).toBe('text_completion');
      text += choices[0]?.text ?? '';
      finishes.push(choices[0]?.finish_reason);
    }
    expect(text).toBe('one two');
    expect(finishes).toEqual([null, 'stop']);
  });

  it('ends with the usage of all prompts where it was asked for, and has it null before', async () => {
    await start({ reply: 'one two', promptTokens: 4 });
    const chunks = await streamed({ prompt: ['a', 'b'], stream_options: { include_usage: true } });
    expect(chunks.at(-1)).toMatchObject({ choices: [], usage: { prompt_tokens: 8, completion_tokens: 4 } });
    expect(chunks.slice(0, -1).map(({ usage }) => usage)).toEqual([null, null, null, null]);
  });

  it('has the usage of a choice so far with each chunk where it was asked for', async () => {
    await start({ reply: 'one two', promptTokens: 4 });
    const options = { include_usage: true, continuous_usage_stats: true };
    const chunks = await streamed({ stream_options: options });
    expect(chunks.map(({ usage }) => [usage?.prompt_tokens, usage?.completion_tokens])).toEqual([
      ...[
        [4, 1],
        [4, 2],
      ],
      [4, 2],
    ]);
  });

  it('ends with an error event and [DONE] when a prompt fails in the middle, and the others are ended', async () => {
    await start({ reply: 'one '.repeat(2000), tokenDelayMs: 5 });
    const answer = await post({ prompt: ['a', 'b'], max_tokens: 2000, stream: true });
    const reader = answer.body!.pipeThrough(new TextDecoderStream()).getReader();
    let text = (await reader.read()).value ?? '';
    await gateway.rescript({ errorNow: true });
    for (let read = await reader.read(); !read.done; read = await reader.read()) text += read.value;
    expect(eventsOf(text).at(-1)).toBe('data: [DONE]');
    const chunks = chunksOf(text);
    expect(chunks.at(-1)).toMatchObject({ error: { code: 'internal_error' } });
    expect(chunks.filter(({ error }) => error !== undefined)).toHaveLength(1);
    await gateway.seen(({ open }) => open === 0);
  });

  it('frees every prompt when the client leaves', async () => {
    await start({ stallAfterTokens: 1 });
    const controller = new AbortController();
    const answer = await gateway.post(
      { ...HELLO, prompt: ['a', 'b', 'c'], stream: true },
      { path: '/v1/completions', signal: controller.signal },
    );
    expect(answer.status).toBe(200);
    controller.abort();
    await answer.text().catch(() => {});
    expect((await gateway.seen(({ open }) => open === 0)).aborted).toBe(3);
  });
});

describe('a refused completion', () => {
  it.each([
    ['no prompt', { prompt: undefined }, 'prompt', 'missing_required_parameter'],
    ['a prompt that is a number', { prompt: 5 }, 'prompt', 'invalid_value'],
    ['no prompts', { prompt: [] }, 'prompt', 'invalid_value'],
    ['too many prompts', { prompt: Array.from({ length: 129 }, () => 'x') }, 'prompt', 'invalid_value'],
    ['too long a prompt', { prompt: ['x', 'x'.repeat(21)] }, 'prompt[1]', 'invalid_value'],
    ['too many ids', { prompt: Array.from({ length: 21 }, () => 1) }, 'prompt', 'invalid_value'],
    ['a negative id', { prompt: [1, -1] }, 'prompt', 'invalid_value'],
    ['an empty array of ids', { prompt: [[1], []] }, 'prompt[1]', 'invalid_value'],
    ['strings beside ids', { prompt: ['x', [1]] }, 'prompt[1]', 'invalid_value'],
    ['half a surrogate pair', { prompt: '\ud800' }, 'prompt', 'invalid_value'],
    ['a suffix', { suffix: 'x' }, 'suffix', 'unsupported_parameter'],
    ['best_of that is not n', { best_of: 2 }, 'best_of', null],
    ['too many choices', { prompt: Array.from({ length: 128 }, () => 'x'), n: 2, max_tokens: 1 }, 'n', 'invalid_value'],
    [
      'too many tokens in all',
      { prompt: Array.from({ length: 17 }, () => 'x'), max_tokens: 4096 },
      'max_tokens',
      'invalid_value',
    ],
    ['logprobs as true', { logprobs: true }, 'logprobs', 'invalid_value'],
    ['the calculator', { calculator: true }, 'calculator', 'unsupported_parameter'],
    ['stream_options without stream', { stream_options: { include_usage: true } }, 'stream_options', null],
    ['a field that nobody knows', { prompts: 'x' }, 'prompts', 'unknown_parameter'],
    ['messages', { messages: [] }, 'messages', 'unknown_parameter'],
  ])('is 400 for %s and names the field', async (_name, body, param, code) => {
    await start({}, { MAX_TOTAL_CHARS: '20' });
    const answer = await post(body);
    expect(answer.status).toBe(400);
    expect(await answer.json()).toMatchObject({ error: { type: 'invalid_request_error', param, code } });
    expect((await gateway.seen(() => true)).requests).toBe(0);
  });

  it.each([
    ['prompt_token_ids', { prompt: [5000] }, 'prompt'],
    ['constraint', { structured_outputs: { regex: '(' } }, 'structured_outputs'],
    ['sampling.logit_bias', { logit_bias: { '9999999': 1 } }, 'logit_bias'],
  ])('names its own field where the engine refuses %s', async (param, body, named) => {
    await start({ refuse: { status: 400, code: 'invalid_value', message: `${param}: no.`, param } });
    const answer = await post(body);
    expect(await answer.json()).toMatchObject({ error: { param: named, code: 'invalid_value' } });
  });

  it('takes what changes nothing', async () => {
    await start();
    const answer = await post({ suffix: null, best_of: 1, echo: false, user: 'ann', calculator: false, n: 1 });
    expect(answer.status).toBe(200);
  });
});
