import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import OpenAI from 'openai';
import { DEADLINE_MS, GatewayProcess } from './gateway-process.js';

const ask = (input: string) => ({ model: 'nanochat', input, temperature: 0, max_output_tokens: 200 });
const STORY = { ...ask('Tell me a short story.'), max_output_tokens: 60 };

let gateway: GatewayProcess;
let client: OpenAI;

beforeAll(async () => {
  gateway = await GatewayProcess.start({ BATCH_INVARIANT: 'on', RESPONSES_STORE_COUNT: '2' });
  client = gateway.client;
}, DEADLINE_MS);

afterAll(() => gateway.end(), DEADLINE_MS);

describe("the SDK's responses against the real engine and the embedded model", () => {
  it('are completed, with their usage', async () => {
    const response = await client.responses.create(ask('Hello!'));
    expect(response).toMatchObject({ status: 'completed', output_text: expect.stringMatching(/\w/) });
    const { input_tokens, output_tokens, total_tokens } = response.usage!;
    expect(input_tokens).toBeGreaterThan(3);
    expect(total_tokens).toBe(input_tokens + output_tokens);
  });

  it('stream the text that they have without a stream', async () => {
    const whole = await client.responses.create(STORY);
    let text = '';
    const stream = client.responses.stream(STORY).on('response.output_text.delta', ({ delta }) => (text += delta));
    const final = await stream.finalResponse();
    expect(text).toBe(whole.output_text);
    expect(final).toMatchObject({
      output_text: text,
      status: whole.status,
      usage: { output_tokens: whole.usage!.output_tokens },
    });
  });

  it('remember what was said in the response that they continue, until it is gone', async () => {
    const first = await client.responses.create(ask('My name is Clara.'));
    const next = { ...ask('What is my name?'), previous_response_id: first.id };
    const second = await client.responses.create(next);
    expect(second.output_text).toContain('Clara');
    await client.responses.create(ask('Hello!'));
    await client.responses.create(ask('Hello!'));
    await expect(client.responses.create(next)).rejects.toBeInstanceOf(OpenAI.NotFoundError);
  });

  it('call a tool that they have to call, whose arguments follow its schema', async () => {
    const parameters = {
      type: 'object',
      properties: { colour: { enum: ['red', 'green'] } },
      required: ['colour'],
      additionalProperties: false,
    };
    const tools = [{ type: 'function' as const, name: 'set_colour', parameters, strict: true }];
    const tool_choice = { type: 'function' as const, name: 'set_colour' };
    const body = { ...ask('Make it red.'), tools, tool_choice };
    for (const { output } of [
      await client.responses.create(body),
      await client.responses.stream(body).finalResponse(),
    ]) {
      const [call] = output as [OpenAI.Responses.ResponseFunctionToolCall];
      expect(call).toMatchObject({ type: 'function_call', name: 'set_colour', status: 'completed' });
      expect(['red', 'green']).toContain((JSON.parse(call.arguments) as { colour: string }).colour);
    }
  });

  it('have text that matches the schema of their format', async () => {
    const schema = {
      type: 'object',
      properties: { answer: { type: 'boolean' } },
      required: ['answer'],
      additionalProperties: false,
    };
    const text = { format: { type: 'json_schema' as const, name: 'answer', schema } };
    const { output_text } = await client.responses.create({ ...ask('Is water wet?'), text });
    expect(JSON.parse(output_text)).toEqual({ answer: expect.any(Boolean) });
  });
});
