// LangChain's client of OpenAI's API, in JavaScript.
import assert from 'node:assert/strict';
import { HumanMessage, ToolMessage } from '@langchain/core/messages';
import { tool } from '@langchain/core/tools';
import { ChatOpenAI } from '@langchain/openai';
import { z } from 'zod';
import { callText, check, failureOf, FAKE_URL, REAL_URL, script } from './checks.mjs';

const modelOf = (url, more = {}) =>
  new ChatOpenAI({
    model: 'nanochat',
    apiKey: 'none',
    maxRetries: 0,
    maxTokens: 150,
    configuration: { baseURL: `${url}/v1` },
    ...more,
  });
const real = modelOf(REAL_URL);
const fake = modelOf(FAKE_URL);
const Trip = z.object({ city: z.enum(['Paris', 'Rome']), days: z.number().int().min(1).max(9) });
const weather = tool(async ({ city }) => `sunny in ${city}`, {
  name: 'weather',
  description: 'Weather of a city',
  schema: z.object({ city: z.enum(['Paris', 'Rome']) }),
});

await check('invoke answers, with usage', async () => {
  const answer = await real.invoke('Hello!');
  assert.match(answer.text, /\w/);
  assert.ok(answer.usage_metadata.output_tokens > 0);
});

await check('stream gives the text in chunks, with usage at the end', async () => {
  let all = null;
  let chunks = 0;
  for await (const chunk of await real.stream('Tell me a short story.')) {
    all = all === null ? chunk : all.concat(chunk);
    chunks += 1;
  }
  assert.ok(chunks > 3);
  assert.match(all.text, /\w/);
  assert.ok(all.usage_metadata.output_tokens > 3);
});

await check('batch answers each', async () => {
  const answers = await real.batch(['Hello!', 'Who are you?']);
  assert.ok(answers.every(({ text }) => text.length > 0));
});

for (const method of ['jsonSchema', 'functionCalling', 'jsonMode']) {
  await check(
    `withStructuredOutput (${method}) gives ${method === 'jsonMode' ? 'an object' : 'what a zod schema says'}`,
    async () => {
      // JSON mode knows no schema: any object will do.
      const schema = method === 'jsonMode' ? z.looseObject({}) : Trip;
      const answer = await real.withStructuredOutput(schema, { method, name: 'trip' }).invoke('Plan a trip, as JSON.');
      assert.ok(schema.safeParse(answer).success);
    },
  );
}

await check('bindTools calls a tool with arguments that follow its schema', async () => {
  const answer = await real.bindTools([weather], { tool_choice: 'required' }).invoke('Weather?');
  assert.equal(answer.tool_calls[0].name, 'weather');
  assert.ok(['Paris', 'Rome'].includes(answer.tool_calls[0].args.city));
});

await check('a tool is called in a stream, and its result is answered', async () => {
  await script({ reply: callText('weather', '{"city": "Rome"}') });
  const bound = fake.bindTools([weather]);
  const messages = [new HumanMessage('Weather in Rome?')];
  let called = null;
  for await (const chunk of await bound.stream(messages)) called = called === null ? chunk : called.concat(chunk);
  assert.deepEqual(called.tool_calls[0].args, { city: 'Rome' });
  const result = await weather.invoke(called.tool_calls[0]);
  assert.ok(result instanceof ToolMessage);
  await script({ reply: 'Sunny it is.' });
  assert.equal((await bound.invoke([...messages, called, result])).text, 'Sunny it is.');
});

await check('the Responses API answers, in a stream too', async () => {
  const model = modelOf(REAL_URL, { useResponsesApi: true });
  assert.match((await model.invoke('Hello!')).text, /\w/);
  let text = '';
  for await (const chunk of await model.stream('Hello!')) text += chunk.text;
  assert.match(text, /\w/);
});

await check("a refusal is the SDK's BadRequestError that names the field", async () => {
  const error = await failureOf(modelOf(REAL_URL, { temperature: 3 }).invoke('Hello!'));
  assert.deepEqual([error.status, error.error?.param], [400, 'temperature']);
});

for (const fault of ['errorAfterTokens', 'cutAfterTokens']) {
  await check(`a stream that breaks (${fault}) throws after the text so far`, async () => {
    await script({ [fault]: 3 });
    let text = '';
    const error = await failureOf(async () => {
      for await (const chunk of await fake.stream('Hello!')) text += chunk.text;
    });
    assert.equal(text, 'The quick brown');
    assert.ok(error instanceof Error);
  });
}
