import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import OpenAI from 'openai';
import { zodFunction, zodResponseFormat } from 'openai/helpers/zod';
import { z } from 'zod';
import { DEADLINE_MS, GatewayProcess } from './gateway-process.js';

const say = (content: string) => ({ model: 'nanochat', messages: [{ role: 'user' as const, content }], seed: 3 });
const Weather = z.object({ city: z.string().max(12), days: z.number().int().min(1).max(9) });
const WEATHER = zodFunction({ name: 'weather', parameters: Weather, description: 'The weather of a city' });
const NOW = { type: 'function' as const, function: { name: 'now', description: 'What time it is' } };
const NAMED = { type: 'function' as const, function: { name: 'weather' } };
const ASK = { ...say('How is the weather in Rome?'), tools: [WEATHER, NOW], max_tokens: 200 };

let gateway: GatewayProcess;
let client: OpenAI;

beforeAll(async () => {
  gateway = await GatewayProcess.start();
  client = gateway.client;
}, DEADLINE_MS);

afterAll(() => gateway.end(), DEADLINE_MS);

type Fields = Partial<OpenAI.ChatCompletionCreateParamsNonStreaming> & Record<string, unknown>;

const create = (fields: Fields) =>
  client.chat.completions.create({ ...say('Tell me a story.'), ...fields, stream: false });

/** A choice's calls, their arguments parsed. */
const callsOf = ({ message }: { message: OpenAI.ChatCompletionMessage }) =>
  ((message.tool_calls ?? []) as OpenAI.ChatCompletionMessageFunctionToolCall[]).map(({ function: called }) => ({
    name: called.name,
    arguments: JSON.parse(called.arguments) as unknown,
  }));

describe('tools through the official SDK and the embedded model', () => {
  it('are called where a call is required, with arguments that follow their schema', async () => {
    const { choices } = await create({ ...ASK, tool_choice: 'required', n: 4 });
    for (const choice of choices) {
      expect([choice.finish_reason, choice.message.content]).toEqual(['tool_calls', null]);
      for (const call of callsOf(choice)) {
        if (call.name === 'weather') Weather.parse(call.arguments);
        else expect(call).toEqual({ name: 'now', arguments: {} });
      }
      expect(callsOf(choice).length).toBeGreaterThan(0);
    }
  });

  it('are called by name, once', async () => {
    const { choices } = await create({ ...ASK, tool_choice: NAMED });
    expect(choices[0]?.finish_reason).toBe('stop');
    expect(callsOf(choices[0]!)).toEqual([{ name: 'weather', arguments: expect.anything() }]);
  });

  it('are not called more than once where parallel calls are not wanted', async () => {
    const { choices } = await create({ ...ASK, tool_choice: 'required', parallel_tool_calls: false, n: 4 });
    for (const choice of choices) expect(callsOf(choice)).toHaveLength(1);
  });

  it('leave the choice between text and calls to the model', async () => {
    const { choices } = await create({ ...ASK, n: 4 });
    for (const { message, finish_reason } of choices) {
      if (message.tool_calls) expect([message.content, finish_reason]).toEqual([null, 'tool_calls']);
      else expect(message.content).toMatch(/\w/);
    }
  });

  it('are streamed as the same call that comes without a stream', async () => {
    const whole = await create({ ...ASK, tool_choice: 'required' });
    const stream = client.chat.completions.stream({ ...ASK, tool_choice: 'required' });
    const done: unknown[] = [];
    stream.on('tool_calls.function.arguments.done', (call) =>
      done.push({ name: call.name, arguments: JSON.parse(call.arguments) as unknown }),
    );
    const final = await stream.finalChatCompletion();
    expect(callsOf(final.choices[0]!)).toEqual(callsOf(whole.choices[0]!));
    expect(done).toEqual(callsOf(final.choices[0]!));
  });

  it('are run by runTools, and their results are read by the model', async () => {
    const asked: z.infer<typeof Weather>[] = [];
    const weather = zodFunction({
      name: 'weather',
      parameters: Weather,
      function: (given) => `sunny, ${asked.push(given)}`,
    });
    const runner = client.chat.completions.runTools({ ...ASK, tools: [weather], tool_choice: NAMED });
    await runner.done();
    expect(asked).toHaveLength(1);
    expect(runner.messages.map(({ role }) => role)).toEqual(['user', 'assistant', 'tool']);
    const { choices } = await create({ ...ASK, messages: runner.messages, tool_choice: 'none' });
    expect(choices[0]?.message.content).toMatch(/\w/);
  });

  it('are refused where their schema can not be followed', async () => {
    const impossible = { type: 'object', properties: { a: { type: 'string', pattern: '(' } }, required: ['a'] };
    const tools = [{ type: 'function' as const, function: { name: 'f', parameters: impossible } }];
    await expect(create({ tools, tool_choice: 'required' })).rejects.toMatchObject({
      constructor: OpenAI.BadRequestError,
      param: 'tools',
    });
  });
});

describe('formats through the official SDK and the embedded model', () => {
  it('are parsed by parse()', async () => {
    const Person = z.object({
      name: z.string().max(20),
      age: z.number().int().min(0).max(150),
      tags: z.array(z.enum(['a', 'b'])).max(3),
    });
    const { choices } = await client.chat.completions.parse({
      ...say('Describe a person.'),
      ...{ response_format: zodResponseFormat(Person, 'person'), max_tokens: 200, temperature: 1, n: 4 },
    });
    for (const { message, finish_reason } of choices) {
      expect(finish_reason).toBe('stop');
      Person.parse(message.parsed);
    }
  });

  it('are any JSON object in JSON mode', async () => {
    const { choices } = await create({ response_format: { type: 'json_object' }, max_tokens: 200 });
    expect(JSON.parse(choices[0]?.message.content ?? '')).toEqual(expect.any(Object));
  });

  it.each([
    [{ regex: '[a-c]{3}-[0-9]{2}' }, /^[a-c]{3}-[0-9]{2}$/],
    [{ choice: ['yes', 'no'] }, /^(yes|no)$/],
    [{ grammar: 'start: "x" ("y" | "z")' }, /^x[yz]$/],
    [{ json: { enum: [7, 8] } }, /^[78]$/],
  ])('are those of vLLM too: %j', async (structured_outputs, shape) => {
    const { choices } = await create({ structured_outputs, max_tokens: 20 });
    expect(choices[0]).toMatchObject({ finish_reason: 'stop', message: { content: expect.stringMatching(shape) } });
  });

  it.each([
    [
      'response_format',
      {
        response_format: {
          type: 'json_schema' as const,
          json_schema: { name: 'a', schema: { type: 'string', pattern: '(' } },
        },
      },
    ],
    ['structured_outputs', { structured_outputs: { regex: '(' } }],
  ])('are refused where they do not compile: %s', async (param, fields) => {
    await expect(create(fields)).rejects.toMatchObject({ constructor: OpenAI.BadRequestError, param });
  });
});

describe('sampling through the official SDK and the embedded model', () => {
  const PLAIN = { temperature: 0, max_tokens: 12, calculator: false };

  it('tells log-probabilities: greedy tokens are the likeliest, and make the text', async () => {
    const { choices } = await create({ ...PLAIN, logprobs: true, top_logprobs: 3 });
    const content = choices[0]?.logprobs?.content ?? [];
    expect(content.map(({ token }) => token).join('')).toBe(choices[0]?.message.content);
    expect(content.length).toBeGreaterThan(3);
    for (const { token, logprob, top_logprobs: top } of content) {
      expect(top).toHaveLength(3);
      expect(top[0]).toMatchObject({ token, logprob });
      expect(logprob).toBeLessThanOrEqual(0);
      expect(top[0]!.logprob).toBeGreaterThanOrEqual(top[1]!.logprob);
    }
  });

  it('tells the same log-probabilities in a stream', async () => {
    const whole = (await create({ ...PLAIN, logprobs: true })).choices[0]?.logprobs?.content;
    const stream = await client.chat.completions.create({
      ...say('Tell me a story.'),
      ...PLAIN,
      logprobs: true,
      stream: true,
    });
    const tokens: string[] = [];
    for await (const { choices } of stream)
      for (const { token } of choices[0]?.logprobs?.content ?? []) tokens.push(token);
    expect(tokens).toEqual(whole?.map(({ token }) => token));
  });

  /** The answer's token ids. */
  const idsOf = async (fields: Fields): Promise<number[]> => {
    const { choices } = await create({ ...PLAIN, ...fields, return_token_ids: true });
    return (choices[0] as unknown as { token_ids: number[] }).token_ids;
  };

  it('bans and forces tokens by logit_bias', async () => {
    const [first] = await idsOf({});
    expect(await idsOf({ logit_bias: { [first!]: -100 } })).not.toContain(first);
    expect(new Set(await idsOf({ logit_bias: { [first!]: 100 } }))).toEqual(new Set([first]));
  });

  it('stops at a stop token, whose text is not shown, but not before min_tokens', async () => {
    const ids = await idsOf({});
    const [, , third] = ids;
    expect(await idsOf({ stop_token_ids: [third!] })).toEqual(ids.slice(0, ids.indexOf(third!) + 1));
    expect((await idsOf({ stop_token_ids: [third!], min_tokens: 6 })).slice(0, 6)).not.toContain(third);
  });

  it('is told of a token id that the vocabulary does not have', async () => {
    const beyond = create({ logit_bias: { 99999999: 1 } });
    await expect(beyond).rejects.toMatchObject({ constructor: OpenAI.BadRequestError, param: 'logit_bias' });
  });

  it('has eight choices of one prompt, which counts once', async () => {
    const [one, eight] = await Promise.all([
      create({ max_tokens: 8 }),
      create({ max_tokens: 8, n: 8, temperature: 1 }),
    ]);
    expect(eight.usage?.prompt_tokens).toBe(one.usage?.prompt_tokens);
    expect(new Set(eight.choices.map(({ message }) => message.content)).size).toBeGreaterThan(1);
  });

  it('tells what the calculator was asked', async () => {
    const { choices } = await create({ messages: [{ role: 'user', content: 'What is 12 times 34?' }], temperature: 0 });
    expect(choices[0]?.message).toMatchObject({
      calculations: [{ expression: expect.stringContaining('12'), result: '408' }],
    });
    expect(choices[0]?.message.content).not.toContain('<|');
  });
});
