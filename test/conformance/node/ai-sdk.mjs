// Vercel's AI SDK with its provider for OpenAI-compatible servers.
import assert from 'node:assert/strict';
import { createOpenAICompatible } from '@ai-sdk/openai-compatible';
import {
  APICallError,
  generateObject,
  generateText,
  jsonSchema,
  stepCountIs,
  streamObject,
  streamText,
  tool,
} from 'ai';
import { z } from 'zod';
import { callText, check, failureOf, FAKE_URL, REAL_URL, script } from './checks.mjs';

const providerOf = (url) =>
  createOpenAICompatible({
    name: 'nanochat',
    baseURL: `${url}/v1`,
    includeUsage: true,
    supportsStructuredOutputs: true,
  });
const [real, fake] = [providerOf(REAL_URL)('nanochat'), providerOf(FAKE_URL)('nanochat')];
const QUIET = { maxRetries: 0, maxOutputTokens: 150 };
const Trip = z.object({ city: z.enum(['Paris', 'Rome']), days: z.int().min(1).max(9), note: z.string().max(20) });

await check('generateText answers, with usage', async () => {
  const { text, usage, finishReason } = await generateText({ model: real, prompt: 'Hello!', ...QUIET });
  assert.match(text, /\w/);
  assert.ok(usage.outputTokens > 0 && usage.inputTokens > 0);
  assert.equal(finishReason, 'stop');
});

await check('streamText streams the text, and tells usage at the end', async () => {
  const result = streamText({ model: real, prompt: 'Tell me a short story.', ...QUIET });
  const parts = [];
  for await (const part of result.textStream) parts.push(part);
  assert.ok(parts.length > 3);
  assert.equal(parts.join(''), await result.text);
  assert.ok((await result.usage).outputTokens > 3);
});

await check('a system prompt, stop sequences, seed and penalties are taken', async () => {
  const settings = {
    temperature: 1,
    topP: 0.9,
    presencePenalty: 0.1,
    frequencyPenalty: 0.1,
    seed: 3,
    stopSequences: ['.'],
  };
  const { text } = await generateText({
    model: real,
    system: 'You are brief.',
    prompt: 'Tell me a story.',
    ...settings,
    ...QUIET,
  });
  assert.ok(!text.includes('.'));
});

await check('generateObject gives what a zod schema says', async () => {
  const { object } = await generateObject({ model: real, schema: Trip, prompt: 'Plan a trip.', ...QUIET });
  assert.ok(Trip.safeParse(object).success);
});

await check('streamObject gives partial objects and a valid last one', async () => {
  const result = streamObject({ model: real, schema: Trip, prompt: 'Plan a trip.', ...QUIET });
  let partial = 0;
  for await (const _ of result.partialObjectStream) partial += 1;
  assert.ok(partial > 1);
  assert.ok(Trip.safeParse(await result.object).success);
});

await check('a required tool is called with arguments that follow its schema', async () => {
  const weather = tool({ description: 'Weather', inputSchema: z.object({ city: z.enum(['Paris', 'Rome']) }) });
  const { toolCalls } = await generateText({
    model: real,
    tools: { weather },
    toolChoice: 'required',
    prompt: 'Weather?',
    ...QUIET,
  });
  assert.equal(toolCalls[0].toolName, 'weather');
  assert.ok(['Paris', 'Rome'].includes(toolCalls[0].input.city));
});

await check('streamText runs a tool and goes on with its result', async () => {
  await script({ reply: callText('weather', '{"city": "Rome"}') });
  const execute = async ({ city }) => {
    await script({ reply: 'Sunny it is.' });
    return `sunny in ${city}`;
  };
  const schema = jsonSchema({ type: 'object', properties: { city: { type: 'string' } }, required: ['city'] });
  const tools = { weather: tool({ description: 'Weather', inputSchema: schema, execute }) };
  const result = streamText({ model: fake, tools, stopWhen: stepCountIs(3), prompt: 'Weather in Rome?', ...QUIET });
  assert.equal(await result.text, 'Sunny it is.');
  const [step] = await result.steps;
  assert.equal(step.toolResults[0].output, 'sunny in Rome');
});

await check("a refusal is an APICallError with OpenAI's body", async () => {
  const error = await failureOf(generateText({ model: real, prompt: 'Hello!', temperature: 3, maxRetries: 0 }));
  assert.ok(APICallError.isInstance(error), error.name);
  assert.equal(error.statusCode, 400);
  assert.equal(JSON.parse(error.responseBody).error.param, 'temperature');
  assert.equal(error.isRetryable, false);
});

await check('a refused stream is the same error', async () => {
  const seen = [];
  const result = streamText({
    model: real,
    prompt: 'Hello!',
    temperature: 3,
    maxRetries: 0,
    onError: ({ error }) => seen.push(error),
  });
  await result.consumeStream();
  assert.ok(APICallError.isInstance(seen[0]), String(seen[0]));
  assert.equal(seen[0].statusCode, 400);
});

for (const fault of ['errorAfterTokens', 'cutAfterTokens']) {
  await check(`a stream that breaks (${fault}) is told as an error after the text so far`, async () => {
    await script({ [fault]: 3 });
    const seen = [];
    const result = streamText({ model: fake, prompt: 'Hello!', onError: () => undefined, ...QUIET });
    for await (const part of result.fullStream) seen.push(part);
    assert.ok(seen.filter(({ type }) => type === 'text-delta').length >= 2);
    assert.ok(
      seen.some(({ type }) => type === 'error'),
      seen.map(({ type }) => type).join(),
    );
    assert.notEqual(seen.find(({ type }) => type === 'finish')?.finishReason, 'stop');
  });
}
