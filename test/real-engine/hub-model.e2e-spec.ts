import { afterEach, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { build } from '../gateway/gateway-process.js';
import { HubRepository } from '../hub-server/hub-repository.js';
import { HubStart } from '../model-manager/hub-start.js';
import { DEADLINE_MS, GatewayProcess } from './gateway-process.js';

jest.setTimeout(2 * DEADLINE_MS);

let start: HubStart;
let gateway: GatewayProcess | null;
beforeAll(build);
beforeEach(async () => {
  start = await HubStart.create(HubRepository.golden('org/golden-g5', '2026-03-14'));
  gateway = null;
});
afterEach(async () => {
  await gateway?.end();
  await start.close();
});

describe('the real engine with a model of the Hub', () => {
  it('loads what has been downloaded, through the links of the cache, and answers under its name', async () => {
    gateway = await GatewayProcess.start(start.environment);
    const { data } = await gateway.client.models.list();
    expect(data.map(({ id }) => id)).toContain('golden-g5');
    const answer = await gateway.client.chat.completions.create({
      model: 'golden-g5',
      messages: [{ role: 'user', content: 'Hello' }],
      max_tokens: 4,
    });
    expect(answer.usage?.completion_tokens).toBeGreaterThan(0);
  });
});
