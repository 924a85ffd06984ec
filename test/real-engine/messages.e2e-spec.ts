import Anthropic from '@anthropic-ai/sdk';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { DEADLINE_MS, GatewayProcess } from './gateway-process.js';

const say = (content: string) => ({ model: 'nanochat', messages: [{ role: 'user' as const, content }] });
/** The SDK's types know sampling no more; the API does. */
const GREEDY: object = { temperature: 0 };
const STORY = { ...say('Tell me a short story.'), ...GREEDY, max_tokens: 60 };

let gateway: GatewayProcess;
let client: Anthropic;

beforeAll(async () => {
  gateway = await GatewayProcess.start({ BATCH_INVARIANT: 'on' });
  client = new Anthropic({ baseURL: gateway.address, apiKey: 'none', maxRetries: 0 });
}, DEADLINE_MS);

afterAll(() => gateway.end(), DEADLINE_MS);

const textOf = ({ content }: Anthropic.Message): string =>
  content.map((block) => (block.type === 'text' ? block.text : '')).join('');

describe("Anthropic's SDK against the real engine and the embedded model", () => {
  it('gets an answer that ends its turn, with its usage', async () => {
    const message = await client.messages.create({ ...say('Hello!'), ...GREEDY, max_tokens: 200 });
    expect(message.stop_reason).toBe('end_turn');
    expect(textOf(message)).toMatch(/\w/);
    expect(message.usage.input_tokens).toBeGreaterThan(3);
    expect(message.usage.output_tokens).toBeGreaterThan(1);
  });

  it('streams the text that it gets without a stream', async () => {
    const whole = await client.messages.create(STORY);
    let text = '';
    const stream = client.messages.stream(STORY).on('text', (delta) => (text += delta));
    const final = await stream.finalMessage();
    expect(text).toBe(textOf(whole));
    expect(textOf(final)).toBe(textOf(whole));
    expect(final.stop_reason).toBe(whole.stop_reason);
    expect(final.usage.output_tokens).toBe(whole.usage.output_tokens);
  });

  it('ends before a stop sequence, and is told which', async () => {
    const whole = textOf(await client.messages.create(STORY));
    const stop = whole.slice(20, 24);
    const message = await client.messages.create({ ...STORY, stop_sequences: ['\u0001', stop] });
    expect(textOf(message)).toBe(whole.slice(0, whole.indexOf(stop)));
    expect(message).toMatchObject({ stop_reason: 'stop_sequence', stop_sequence: stop });
  });

  it('counts the tokens that an answer then says it had', async () => {
    const ask = { ...say('What is the capital of France?'), system: 'Be brief.' };
    const { input_tokens } = await client.messages.countTokens(ask);
    const { usage } = await client.messages.create({ ...ask, max_tokens: 1 });
    expect((usage.cache_read_input_tokens ?? 0) + usage.input_tokens).toBe(input_tokens);
  });

  it('is made to call a tool, whose input follows its schema', async () => {
    const tools = [
      {
        name: 'set_colour',
        description: 'Sets the colour',
        input_schema: {
          type: 'object' as const,
          properties: { colour: { enum: ['red', 'green'] } },
          required: ['colour'],
          additionalProperties: false,
        },
      },
    ];
    const tool_choice = { type: 'tool' as const, name: 'set_colour' };
    const one = { ...say('Make it red.'), ...GREEDY, tools, tool_choice, max_tokens: 200 };
    for (const message of [await client.messages.create(one), await client.messages.stream(one).finalMessage()]) {
      expect(message.stop_reason).toBe('tool_use');
      const [use] = message.content as [Anthropic.ToolUseBlock];
      expect(use).toMatchObject({ type: 'tool_use', name: 'set_colour' });
      expect(['red', 'green']).toContain((use.input as { colour: string }).colour);
    }
  });

  it('is told that a prompt is longer than the context', async () => {
    const messages = Array.from({ length: 9 }, (_, i) => ({
      role: i % 2 ? ('assistant' as const) : ('user' as const),
      content: 'zq '.repeat(1000),
    }));
    const refused = client.messages.create({ model: 'nanochat', max_tokens: 5, messages });
    await expect(refused).rejects.toMatchObject({ constructor: Anthropic.BadRequestError });
  });
});
