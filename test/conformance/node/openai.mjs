// OpenAI's own SDK for Node, with its helpers.
import assert from 'node:assert/strict';
import OpenAI from 'openai';
import { zodFunction, zodResponseFormat, zodTextFormat } from 'openai/helpers/zod';
import { z } from 'zod';
import { callText, check, failureOf, FAKE_URL, REAL_URL, script } from './checks.mjs';

const clientOf = (url) => new OpenAI({ baseURL: `${url}/v1`, apiKey: 'none', maxRetries: 0 });
const [real, fake] = [clientOf(REAL_URL), clientOf(FAKE_URL)];
const say = (content, more = {}) => ({
  model: 'nanochat',
  messages: [{ role: 'user', content }],
  max_tokens: 60,
  ...more,
});

const Trip = z.object({
  city: z.enum(['Paris', 'Rome', 'Oslo']),
  days: z.int().min(1).max(9),
  notes: z.array(z.string().max(12)).max(2),
  hotel: z.object({ stars: z.number(), name: z.string().nullable() }),
});
const weather = {
  name: 'get_weather',
  description: 'Weather of a city',
  parameters: z.object({ city: z.enum(['Paris', 'Rome']) }),
};
const TOOL = {
  type: 'function',
  function: { name: 'add', parameters: { type: 'object', properties: { a: { type: 'integer' } }, required: ['a'] } },
};

async function all(stream) {
  const events = [];
  for await (const event of stream) events.push(event);
  return events;
}

await check('a chat is answered, with usage', async () => {
  const answer = await real.chat.completions.create(say('Hello!'));
  assert.equal(answer.object, 'chat.completion');
  assert.match(answer.choices[0].message.content, /\w/);
  assert.equal(answer.usage.total_tokens, answer.usage.prompt_tokens + answer.usage.completion_tokens);
});

await check('a streamed chat gives the text of the same chat without a stream', async () => {
  const body = say('Tell me a short story.', { seed: 5, temperature: 1 });
  const chunks = await all(
    await real.chat.completions.create({ ...body, stream: true, stream_options: { include_usage: true } }),
  );
  const whole = await real.chat.completions.create(body);
  assert.equal(chunks.map(({ choices }) => choices[0]?.delta.content ?? '').join(''), whole.choices[0].message.content);
  assert.equal(chunks.at(-1).usage.completion_tokens, whole.usage.completion_tokens);
});

await check('the stream helper gathers a final completion', async () => {
  const stream = real.chat.completions.stream(
    say('Tell me a short story.', { stream_options: { include_usage: true } }),
  );
  let heard = '';
  stream.on('content', (delta) => (heard += delta));
  const final = await stream.finalChatCompletion();
  assert.equal(heard, final.choices[0].message.content);
  assert.equal((await stream.totalUsage()).completion_tokens, final.usage.completion_tokens);
});

await check('log-probabilities come for each token, in a stream too', async () => {
  const body = say('Hello!', { logprobs: true, top_logprobs: 3, seed: 1 });
  const whole = (await real.chat.completions.create(body)).choices[0].logprobs.content;
  assert.ok(whole.length > 1 && whole.every(({ logprob, top_logprobs }) => logprob <= 0 && top_logprobs.length === 3));
  const stream = real.chat.completions.stream(body);
  assert.deepEqual((await stream.finalChatCompletion()).choices[0].logprobs.content, whole);
});

await check('parse gives what a zod schema says', async () => {
  const format = zodResponseFormat(Trip, 'trip');
  const answer = await real.chat.completions.parse(
    say('Plan a trip.', { response_format: format, temperature: 1, max_tokens: 200 }),
  );
  assert.equal(answer.choices[0].finish_reason, 'stop');
  assert.deepEqual(Trip.parse(answer.choices[0].message.parsed), answer.choices[0].message.parsed);
});

await check('a streamed answer parses by a zod schema', async () => {
  const body = say('Plan a trip.', {
    response_format: zodResponseFormat(Trip, 'trip'),
    temperature: 1,
    max_tokens: 200,
  });
  const final = await real.chat.completions.stream(body).finalChatCompletion();
  assert.ok(Trip.safeParse(final.choices[0].message.parsed).success);
});

await check('json_object gives a JSON object', async () => {
  const answer = await real.chat.completions.create(
    say('Give me JSON.', { response_format: { type: 'json_object' }, max_tokens: 100 }),
  );
  assert.equal(typeof JSON.parse(answer.choices[0].message.content), 'object');
});

await check('a named tool is called with arguments that follow its schema', async () => {
  const tools = [zodFunction(weather)];
  const choice = { type: 'function', function: { name: 'get_weather' } };
  const answer = await real.chat.completions.parse(say('Weather?', { tools, tool_choice: choice }));
  const [call] = answer.choices[0].message.tool_calls;
  assert.ok(['stop', 'tool_calls'].includes(answer.choices[0].finish_reason));
  assert.ok(weather.parameters.safeParse(call.function.parsed_arguments).success);
});

await check('tool calls come in a stream with their events', async () => {
  const stream = real.chat.completions.stream(
    say('Weather?', { tools: [zodFunction(weather)], tool_choice: 'required' }),
  );
  const done = [];
  stream.on('tool_calls.function.arguments.done', (call) => done.push(call));
  const final = await stream.finalChatCompletion();
  assert.equal(final.choices[0].finish_reason, 'tool_calls');
  assert.equal(done.length, final.choices[0].message.tool_calls.length);
  assert.ok(weather.parameters.safeParse(done[0].parsed_arguments).success);
});

for (const stream of [false, true]) {
  await check(`runTools calls the function and gives its result back${stream ? ', in a stream' : ''}`, async () => {
    await script({ reply: callText('get_weather', '{"city": "Rome"}') });
    const asked = [];
    const tool = {
      type: 'function',
      function: {
        ...weather,
        parameters: { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] },
        parse: JSON.parse,
        function: async ({ city }) => {
          asked.push(city);
          await script({ reply: 'It is sunny in Rome.' });
          return 'sunny';
        },
      },
    };
    const runner = fake.chat.completions.runTools({ ...say('Weather in Rome?'), tools: [tool], stream });
    assert.equal(await runner.finalContent(), 'It is sunny in Rome.');
    assert.deepEqual(asked, ['Rome']);
    assert.deepEqual(
      runner.messages.map(({ role }) => role),
      ['user', 'assistant', 'tool', 'assistant'],
    );
  });
}

await check('a conversation with a tool result is answered', async () => {
  const call = { id: 'call_1', type: 'function', function: { name: 'add', arguments: '{"a":1}' } };
  const messages = [
    { role: 'user', content: 'Add one.' },
    { role: 'assistant', content: null, tool_calls: [call] },
    { role: 'tool', tool_call_id: 'call_1', content: '2' },
  ];
  const answer = await real.chat.completions.create({ ...say(''), messages, tools: [TOOL], tool_choice: 'none' });
  assert.equal(typeof answer.choices[0].message.content, 'string');
});

await check('a completion echoes its prompt with log-probabilities', async () => {
  const body = { model: 'nanochat', prompt: 'Once there was', max_tokens: 0, echo: true, logprobs: 2 };
  const { logprobs, text } = (await real.completions.create(body)).choices[0];
  assert.equal(text, 'Once there was');
  assert.equal(logprobs.token_logprobs[0], null);
  assert.equal(logprobs.tokens.length, logprobs.text_offset.length);
});

await check('a streamed completion gives the text of the same one without a stream', async () => {
  const body = { model: 'nanochat', prompt: ['Once there was', 'The sun'], max_tokens: 12, seed: 3 };
  const whole = await real.completions.create(body);
  const chunks = await all(await real.completions.create({ ...body, stream: true }));
  for (const { index, text } of whole.choices) {
    const parts = chunks.flatMap(({ choices }) => choices).filter((one) => one.index === index);
    assert.equal(parts.map((part) => part.text).join(''), text);
  }
});

await check('a response is created and retrieved', async () => {
  const response = await real.responses.create({ model: 'nanochat', input: 'Hello!', max_output_tokens: 40 });
  assert.match(response.output_text, /\w/);
  assert.equal((await real.responses.retrieve(response.id)).id, response.id);
});

await check('a response goes on from the one before', async () => {
  const first = await real.responses.create({ model: 'nanochat', input: 'My name is Clara.', max_output_tokens: 40 });
  const body = { model: 'nanochat', input: 'What is my name?', previous_response_id: first.id, temperature: 0 };
  assert.match((await real.responses.create(body)).output_text, /Clara/);
});

await check('the responses stream helper gives a final response', async () => {
  const stream = real.responses.stream({ model: 'nanochat', input: 'Hello!', max_output_tokens: 40 });
  let heard = '';
  stream.on('response.output_text.delta', ({ delta }) => (heard += delta));
  assert.equal((await stream.finalResponse()).output_text, heard);
});

await check('responses.parse gives what a zod schema says', async () => {
  const text = { format: zodTextFormat(Trip, 'trip') };
  const response = await real.responses.parse({
    model: 'nanochat',
    input: 'Plan a trip.',
    text,
    max_output_tokens: 200,
  });
  assert.ok(Trip.safeParse(response.output_parsed).success);
});

await check('a response calls a function tool', async () => {
  const tools = [{ type: 'function', name: 'add', parameters: TOOL.function.parameters, strict: false }];
  const body = { model: 'nanochat', input: 'Add.', tools, tool_choice: 'required', max_output_tokens: 60 };
  const call = (await real.responses.create(body)).output.find(({ type }) => type === 'function_call');
  assert.ok(Number.isInteger(JSON.parse(call.arguments).a));
});

await check('the models are listed and one is retrieved', async () => {
  const models = await all(await real.models.list());
  assert.equal((await real.models.retrieve(models[0].id)).id, models[0].id);
});

await check('a refusal is a BadRequestError that names the field', async () => {
  const error = await failureOf(real.chat.completions.create(say('Hello!', { temperature: 3 })));
  assert.ok(error instanceof OpenAI.BadRequestError, error.constructor.name);
  assert.deepEqual([error.status, error.param, error.type], [400, 'temperature', 'invalid_request_error']);
});

await check('an unknown model is a NotFoundError', async () => {
  const error = await failureOf(real.chat.completions.create(say('Hello!', { model: 'gpt-9' })));
  assert.ok(error instanceof OpenAI.NotFoundError, error.constructor.name);
  assert.deepEqual([error.code, error.param], ['model_not_found', 'model']);
});

await check('refusals of completions and responses name the field', async () => {
  const completion = await failureOf(real.completions.create({ model: 'nanochat', prompt: 'a', suffix: 'b' }));
  assert.deepEqual([completion.status, completion.param], [400, 'suffix']);
  const response = await failureOf(real.responses.create({ model: 'nanochat', input: 'a', temperature: 3 }));
  assert.deepEqual([response.status, response.param], [400, 'temperature']);
});

const streams = {
  chat: () => fake.chat.completions.create(say('Hello!', { stream: true })),
  completions: () => fake.completions.create({ model: 'nanochat', prompt: 'Hello', stream: true }),
  responses: () => fake.responses.create({ model: 'nanochat', input: 'Hello!', stream: true }),
};
for (const [name, begin] of Object.entries(streams)) {
  for (const fault of ['errorAfterTokens', 'cutAfterTokens']) {
    await check(`${name}: a stream that breaks (${fault}) ends as an APIError after the text so far`, async () => {
      await script({ [fault]: 3 });
      const seen = [];
      const error = await failureOf(async () => {
        for await (const event of await begin()) {
          if (event.type === 'response.failed')
            throw new OpenAI.APIError(undefined, event.response.error, undefined, undefined);
          seen.push(event);
        }
      });
      assert.ok(error instanceof OpenAI.APIError, `${error.constructor.name}: ${error.message}`);
      assert.ok(seen.length >= 3, `${seen.length} events before`);
      assert.ok(!JSON.stringify(seen).includes('"finish_reason":"stop"'));
    });
  }
}

await check('the stream helper rejects with an APIError when the stream breaks', async () => {
  await script({ errorAfterTokens: 3 });
  const error = await failureOf(fake.chat.completions.stream(say('Hello!')).finalChatCompletion());
  assert.ok(error instanceof OpenAI.APIError, error.constructor.name);
});
