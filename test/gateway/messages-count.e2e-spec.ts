import Anthropic from '@anthropic-ai/sdk';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { countsOf } from '../fake-engine/fake-engine.js';
import { ServedGateway } from './served-gateway.js';

const ASK = { model: 'nanochat', messages: [{ role: 'user' as const, content: 'one two three' }] };

let gateway: ServedGateway;
let client: Anthropic;

beforeAll(async () => {
  gateway = await ServedGateway.start();
  client = new Anthropic({ baseURL: gateway.address, apiKey: 'none', maxRetries: 0 });
});
afterAll(() => gateway.close());

describe('counting the tokens of a message', () => {
  it('counts the prompt as the model would read it, system and tools with it', async () => {
    const { input_tokens: alone, _request_id: id } = await client.messages.countTokens(ASK);
    expect(alone).toBeGreaterThanOrEqual(3);
    expect(id).toMatch(/^req_/);
    const { input_tokens: withSystem } = await client.messages.countTokens({ ...ASK, system: 'Be very brief.' });
    expect(withSystem).toBeGreaterThan(alone);
    const tools = [{ name: 'f', description: 'does it', input_schema: { type: 'object' as const } }];
    const { input_tokens: withTools } = await client.messages.countTokens({ ...ASK, tools });
    expect(withTools).toBeGreaterThan(alone);
  });

  it('generates nothing', async () => {
    await client.messages.countTokens(ASK);
    expect((await countsOf(gateway.enginePort)).requests).toBe(0);
  });

  it('refuses what is for creating alone', async () => {
    const body = { ...ASK, max_tokens: 5 };
    const answer = await gateway.post(body, { path: '/v1/messages/count_tokens' });
    expect(answer.status).toBe(400);
    expect(await answer.json()).toMatchObject({
      type: 'error',
      error: { message: expect.stringContaining('max_tokens') },
    });
  });
});
