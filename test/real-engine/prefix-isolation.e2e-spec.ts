import { afterEach, expect, it } from '@jest/globals';
import { makeKey, type MadeKey } from '../gateway/made-key.js';
import { DEADLINE_MS, GatewayProcess } from './gateway-process.js';

const [alice, bob] = [makeKey('alice'), makeKey('bob')];
const MESSAGES = [{ role: 'user', content: 'Tell me of the fox and the dog once more. '.repeat(20) }];

let gateway: GatewayProcess;

afterEach(() => gateway.end(), DEADLINE_MS);

/** Tokens of the prompt that were in the cache, for who has this key, or none. */
async function cached({ bearer }: Pick<MadeKey, 'bearer'> | { bearer: object }): Promise<number> {
  const answer = await fetch(`${gateway.address}/v1/chat/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...bearer },
    body: JSON.stringify({ model: 'nanochat', messages: MESSAGES, max_tokens: 4 }),
  });
  expect(answer.status).toBe(200);
  const { usage } = (await answer.json()) as { usage: { prompt_tokens_details: { cached_tokens: number } } };
  return usage.prompt_tokens_details.cached_tokens;
}

it('what one key has asked is in the cache for itself, and no other key can see that', async () => {
  gateway = await GatewayProcess.start({ API_KEYS: [alice.entry, bob.entry].join() });
  expect(await cached(alice)).toBe(0);
  const again = await cached(alice);
  expect(again).toBeGreaterThanOrEqual(64);
  expect(await cached(bob)).toBe(0);
  expect([await cached(bob), await cached(alice)]).toEqual([again, again]);
});

it('where there are no keys, all share the cache', async () => {
  gateway = await GatewayProcess.start();
  expect(await cached({ bearer: {} })).toBe(0);
  expect(await cached({ bearer: {} })).toBeGreaterThanOrEqual(64);
});
