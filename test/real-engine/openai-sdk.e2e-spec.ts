import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import OpenAI from 'openai';
import { DEADLINE_MS, GatewayProcess } from './gateway-process.js';

const say = (content: string) => ({ model: 'nanochat', messages: [{ role: 'user' as const, content }] });
const STORY = { ...say('Tell me a short story.'), temperature: 1, seed: 11, max_tokens: 60 };

let gateway: GatewayProcess;
let client: OpenAI;

beforeAll(async () => {
  gateway = await GatewayProcess.start({ BATCH_INVARIANT: 'on' });
  client = gateway.client;
}, DEADLINE_MS);

afterAll(() => gateway.end(), DEADLINE_MS);

async function streamed(body: Omit<OpenAI.ChatCompletionCreateParamsStreaming, 'stream'>) {
  const stream = await client.chat.completions.create({ ...body, stream: true });
  const chunks: OpenAI.ChatCompletionChunk[] = [];
  for await (const chunk of stream) chunks.push(chunk);
  return { chunks, text: chunks.map(({ choices }) => choices[0]?.delta.content ?? '').join('') };
}

async function answered(body: Omit<OpenAI.ChatCompletionCreateParamsNonStreaming, 'stream'>): Promise<string> {
  return (await client.chat.completions.create(body)).choices[0]?.message.content ?? '';
}

describe('the official SDK against the real engine and the embedded model', () => {
  it('gets an answer that stops by itself, with its usage', async () => {
    const answer = await client.chat.completions.create({ ...say('Hello!'), temperature: 0 });
    expect(answer.choices[0]).toMatchObject({ finish_reason: 'stop', message: { role: 'assistant' } });
    expect(answer.choices[0]?.message.content).toMatch(/\w/);
    const { prompt_tokens, completion_tokens, total_tokens } = answer.usage ?? {};
    expect(prompt_tokens).toBeGreaterThan(3);
    expect(total_tokens).toBe((prompt_tokens ?? 0) + (completion_tokens ?? 0));
  });

  it('streams the text that the same seed gives without a stream, with the usage last', async () => {
    const { chunks, text } = await streamed({ ...STORY, stream_options: { include_usage: true } });
    expect(text).toBe(await answered(STORY));
    expect(chunks.length).toBeGreaterThan(10);
    expect(chunks.at(-1)).toMatchObject({ choices: [], usage: { completion_tokens: expect.any(Number) } });
  });

  it('uses the calculator, whose blocks are not part of the text', async () => {
    const text = await answered({ ...say('What is 12 times 34?'), temperature: 0 });
    expect(text).toContain('408');
    expect(text).not.toContain('<|');
  });

  it('remembers what was said before', async () => {
    const messages = [
      { role: 'user' as const, content: 'My name is Clara.' },
      { role: 'assistant' as const, content: 'Nice to meet you, Clara!' },
      { role: 'user' as const, content: 'What is my name?' },
    ];
    expect(await answered({ model: 'nanochat', messages, temperature: 0 })).toContain('Clara');
  });

  it('ends before a stop string', async () => {
    const whole = await answered(STORY);
    const stop = whole.slice(20, 24);
    expect(await answered({ ...STORY, stop })).toBe(whole.slice(0, whole.indexOf(stop)));
  });

  it('repeats at temperature 0, with any seed', async () => {
    const texts = await Promise.all([1, 2, 3].map((seed) => answered({ ...STORY, temperature: 0, seed })));
    expect(new Set(texts).size).toBe(1);
  });

  it('repeats a seed alone and while eight other streams run with prompts of other lengths', async () => {
    const alone = await streamed(STORY);
    const others = Array.from({ length: 8 }, (_, i) =>
      streamed({ ...say('Tell me about the moon. '.repeat(1 + 5 * i)), max_tokens: 80 }),
    );
    const [beside] = await Promise.all([streamed(STORY), ...others]);
    expect(beside.text).toBe(alone.text);
    expect((await gateway.engine()).batch_invariant).toBe(true);
  });

  it.each([
    ['temperature', { temperature: 3 }],
    ['max_tokens', { max_tokens: 0 }],
  ])('is told which field is wrong: %s', async (param, fields) => {
    await expect(client.chat.completions.create({ ...say('Hi'), ...fields })).rejects.toMatchObject({
      constructor: OpenAI.BadRequestError,
      param,
    });
  });

  it('is told that a prompt is longer than the context', async () => {
    const messages = Array.from({ length: 9 }, (_, i) => ({
      role: i % 2 ? ('assistant' as const) : ('user' as const),
      content: 'zq '.repeat(1000),
    }));
    await expect(client.chat.completions.create({ model: 'nanochat', messages })).rejects.toMatchObject({
      constructor: OpenAI.BadRequestError,
      code: 'context_length_exceeded',
    });
  });

  it('is told of a model that is not here and of a body that is too large', async () => {
    const elsewhere = client.chat.completions.create({ ...say('Hi'), model: 'gpt-4o' });
    await expect(elsewhere).rejects.toMatchObject({ constructor: OpenAI.NotFoundError, code: 'model_not_found' });
    const large = client.chat.completions.create(say('x'.repeat(2 ** 20)));
    await expect(large).rejects.toMatchObject({ status: 413 });
  });
});

describe('many clients of the real engine', () => {
  it('serves 16 streams at once to their end while probes are answered', async () => {
    const streams = Promise.all(Array.from({ length: 16 }, (_, seed) => streamed({ ...STORY, seed, max_tokens: 100 })));
    const probe = async (): Promise<number> => (await fetch(`${gateway.address}/health/live`)).status;
    for (let i = 0; i < 50; i++) expect(await probe()).toBe(200);
    for (const { chunks } of await streams) expect(chunks.at(-1)?.choices[0]?.finish_reason).toMatch(/stop|length/);
    expect((await gateway.engine()).cache.blocks_used).toBe(0);
  });

  it.each([true, false])('frees a sequence within a step when its client leaves (stream: %s)', async (stream) => {
    const before = await gateway.engine();
    const controller = new AbortController();
    const long = { ...say('Tell me a long story. '.repeat(60)), max_tokens: 900, stream };
    const request = client.chat.completions.create(long, { signal: controller.signal });
    const outcome = (async () => {
      const answer = await request;
      if (stream) for await (const _ of answer as AsyncIterable<unknown>);
    })().catch(() => 'left');
    await gateway.engineOnce(({ running }) => running > 0);
    controller.abort();
    await outcome;
    const after = await gateway.engineOnce(({ running, aborted }) => running === 0 && aborted > before.aborted);
    expect(after.cache.blocks_used).toBe(0);
    expect(after.abort_steps_max).toBeLessThanOrEqual(1);
  });

  it('frees a request that its client leaves in the queue', async () => {
    const controllers = Array.from({ length: 24 }, () => new AbortController());
    const before = await gateway.engine();
    const requests = controllers.map(({ signal }) =>
      client.chat.completions.create({ ...say('Tell me a long story.'), n: 2, max_tokens: 900 }, { signal }),
    );
    const outcomes = Promise.allSettled(requests);
    await gateway.engineOnce(({ waiting }) => waiting > 0);
    for (const controller of controllers) controller.abort();
    await outcomes;
    const after = await gateway.engineOnce(({ running, waiting }) => running + waiting === 0);
    expect(after.cache.blocks_used).toBe(0);
    expect(after.aborted).toBeGreaterThan(before.aborted);
    expect(after.abort_steps_max).toBeLessThanOrEqual(1);
  });
});
