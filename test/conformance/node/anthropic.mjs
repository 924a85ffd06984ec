// Anthropic's own SDK for Node.
import assert from 'node:assert/strict';
import Anthropic from '@anthropic-ai/sdk';
import { callText, check, failureOf, FAKE_URL, REAL_URL, script } from './checks.mjs';

const clientOf = (url) => new Anthropic({ baseURL: url, apiKey: 'none', maxRetries: 0 });
const [real, fake] = [clientOf(REAL_URL), clientOf(FAKE_URL)];
const say = (content, more = {}) => ({
  model: 'nanochat',
  max_tokens: 60,
  messages: [{ role: 'user', content }],
  ...more,
});
const TOOLS = [
  {
    name: 'weather',
    description: 'Weather of a city',
    input_schema: { type: 'object', properties: { city: { enum: ['Paris', 'Rome'] } }, required: ['city'] },
  },
];

await check('a message is answered, with usage', async () => {
  const answer = await real.messages.create(say('Hello!', { system: 'You are brief.' }));
  assert.equal(answer.type, 'message');
  assert.equal(answer.role, 'assistant');
  assert.match(answer.content[0].text, /\w/);
  assert.equal(answer.stop_reason, 'end_turn');
  assert.ok(answer.usage.input_tokens > 0 && answer.usage.output_tokens > 0);
});

await check('max_tokens and a stop sequence are told as stop_reason', async () => {
  const cut = await real.messages.create(say('Tell me a short story.', { max_tokens: 5 }));
  assert.equal(cut.stop_reason, 'max_tokens');
  const stopped = await real.messages.create(say('Tell me a short story.', { stop_sequences: ['.'] }));
  assert.deepEqual([stopped.stop_reason, stopped.stop_sequence], ['stop_sequence', '.']);
});

await check('the stream helper gives the events and a final message', async () => {
  const stream = real.messages.stream(say('Tell me a short story.'));
  const types = new Set();
  let heard = '';
  stream.on('streamEvent', ({ type }) => types.add(type)).on('text', (delta) => (heard += delta));
  const final = await stream.finalMessage();
  assert.equal(final.content[0].text, heard);
  const wanted = [
    'message_start',
    'content_block_start',
    'content_block_delta',
    'content_block_stop',
    'message_delta',
    'message_stop',
  ];
  assert.deepEqual(
    wanted.filter((type) => !types.has(type)),
    [],
  );
  assert.ok(final.usage.output_tokens > 3);
});

await check('a forced tool is called with input that follows its schema', async () => {
  const answer = await real.messages.create(
    say('Weather?', { tools: TOOLS, tool_choice: { type: 'tool', name: 'weather' } }),
  );
  const call = answer.content.find(({ type }) => type === 'tool_use');
  assert.equal(answer.stop_reason, 'tool_use');
  assert.ok(['Paris', 'Rome'].includes(call.input.city));
});

await check('a tool is called in a stream, and its result is answered', async () => {
  await script({ reply: callText('weather', '{"city": "Rome"}') });
  const asked = say('Weather in Rome?', { tools: TOOLS });
  const called = await fake.messages.stream(asked).finalMessage();
  const call = called.content.find(({ type }) => type === 'tool_use');
  assert.deepEqual(call.input, { city: 'Rome' });
  await script({ reply: 'Sunny it is.' });
  const result = { role: 'user', content: [{ type: 'tool_result', tool_use_id: call.id, content: 'sunny' }] };
  const messages = [...asked.messages, { role: 'assistant', content: called.content }, result];
  const answer = await fake.messages.create({ ...asked, messages });
  assert.equal(answer.content[0].text, 'Sunny it is.');
});

await check('the tokens of a message are counted', async () => {
  const { messages, model } = say('Hello!');
  const { input_tokens: counted } = await real.messages.countTokens({ model, messages });
  assert.equal(counted, (await real.messages.create(say('Hello!'))).usage.input_tokens);
});

await check("a refusal is a BadRequestError with Anthropic's body", async () => {
  const error = await failureOf(real.messages.create(say('Hello!', { temperature: 3 })));
  assert.ok(error instanceof Anthropic.BadRequestError, error.constructor.name);
  assert.equal(error.error.type, 'error');
  assert.equal(error.error.error.type, 'invalid_request_error');
  assert.match(error.message, /temperature/);
});

await check('an unknown model is a NotFoundError', async () => {
  const error = await failureOf(real.messages.create(say('Hello!', { model: 'claude-9' })));
  assert.ok(error instanceof Anthropic.NotFoundError, error.constructor.name);
  assert.equal(error.error.error.type, 'not_found_error');
});

for (const fault of ['errorAfterTokens', 'cutAfterTokens']) {
  await check(`a stream that breaks (${fault}) ends as an APIError after the text so far`, async () => {
    await script({ [fault]: 3 });
    let text = '';
    const types = [];
    const error = await failureOf(async () => {
      for await (const event of await fake.messages.create(say('Hello!', { stream: true }))) {
        types.push(event.type);
        if (event.type === 'content_block_delta') text += event.delta.text;
      }
    });
    assert.ok(error instanceof Anthropic.APIError, `${error.constructor.name}: ${error.message}`);
    assert.equal(text, 'The quick brown');
    assert.ok(!types.includes('message_stop'));
  });
}
