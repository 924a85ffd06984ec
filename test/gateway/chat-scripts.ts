import type { FakeEngineScript } from '../fake-engine/fake-engine.js';
import type { ServedGateway } from './served-gateway.js';

/** What a test may have changed, as it was. */
const DEFAULTS = {
  ...{ reply: 'one two', tokens: null, details: {}, stop: null, refuse: null, promptTokens: 9 },
  ...{ errorAfterTokens: null, stallAfterTokens: null, tokensPerLine: 1 },
};

/** Has a running gateway's engine follow this script and nothing of an earlier one. */
export const follow = (gateway: ServedGateway, script: FakeEngineScript = {}): Promise<void> =>
  gateway.rescript({ ...DEFAULTS, ...script });

/** A script that says the text in tokens of `size` characters. */
export const saying = (text: string, size = 5): FakeEngineScript => ({
  tokens: (text.match(new RegExp(`[^]{1,${size}}`, 'g')) ?? []).map((piece) => [...Buffer.from(piece)]),
});

/** The body that the engine got last. */
export async function received(
  gateway: ServedGateway,
): Promise<Record<string, unknown> & { sampling: Record<string, unknown> }> {
  const { bodies } = await gateway.seen(({ requests }) => requests > 0);
  return JSON.parse(bodies.at(-1)!) as Awaited<ReturnType<typeof received>>;
}
