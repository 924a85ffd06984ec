import { afterEach, describe, expect, it } from '@jest/globals';
import type { FakeEngineScript } from '../fake-engine/fake-engine.js';
import { chunksOf } from './event-lines.js';
import { CHAT, ServedGateway } from './served-gateway.js';

const REPLY = 'The 🦊 said "né" to the dog.';
const WORDS = REPLY.split(' ').length;

let gateway: ServedGateway;

afterEach(() => gateway.close());

const start = async (script: FakeEngineScript, environment: Record<string, string> = {}): Promise<void> => {
  gateway = await ServedGateway.start({ reply: REPLY, ...script }, { RESUME_TRIES: '3', ...environment });
};

/** A stream's chunks without what is another in every answer. */
async function chunks(fields: Record<string, unknown> = {}): Promise<unknown[]> {
  const body = { ...CHAT, stream: true, stream_options: { include_usage: true }, seed: 1, ...fields };
  const answer = await gateway.post(body);
  return chunksOf(await answer.text()).map((chunk) => ({ ...chunk, id: '', created: 0 }));
}

describe('a stream whose engine dies', () => {
  it('goes on from its next token, wherever that was: its events are those of one that nothing happened to', async () => {
    await start({});
    const undisturbed = await chunks({ n: 2, logprobs: true });
    for (let at = 0; at <= WORDS; at++) {
      await gateway.close();
      await start({ lives: [{ crashAfterTokens: at }, {}] });
      expect(await chunks({ n: 2, logprobs: true })).toEqual(undisturbed);
      // After the last token there is nothing left to ask another engine for.
      if (at < WORDS) expect(gateway.engine.starts).toHaveLength(2);
    }
  });

  it('goes on after a second death, and then with as many tokens counted as it has', async () => {
    await start({ lives: [{ crashAfterTokens: 2 }, { crashAfterTokens: 4 }, {}] });
    const all = (await chunks()) as { usage: { completion_tokens: number } | null }[];
    expect(all.at(-1)?.usage?.completion_tokens).toBe(WORDS);
    expect(gateway.engine.starts).toHaveLength(3);
  });

  it('is given up when it dies twice at the same token, which may be its own doing', async () => {
    await start({ lives: [{ crashAfterTokens: 3 }, { crashAfterTokens: 3 }, {}] });
    expect(await chunks()).toContainEqual(
      expect.objectContaining({ error: expect.objectContaining({ code: 'engine_unavailable' }) as unknown }),
    );
  });

  it.each([
    ['is full', { status: 429, code: 'queue_full' }],
    ['can not take it yet', { status: 503, code: 'engine_unavailable' }],
  ])('is not given up at once when the next life %s: that says nothing of the request', async (_what, refuse) => {
    await start({ lives: [{ crashAfterTokens: 3 }, { refuse }] });
    expect(await chunks()).toContainEqual(
      expect.objectContaining({ error: expect.objectContaining({ code: refuse.code }) as unknown }),
    );
    expect((await gateway.seen(() => true)).requests).toBe(3);
  });

  it('is given up when no engine comes within RESUME_WAIT_SECONDS', async () => {
    await start({ lives: [{ crashAfterTokens: 3 }, { holdAt: 'loading' }] }, { RESUME_WAIT_SECONDS: '0.2' });
    expect(await chunks()).toContainEqual(
      expect.objectContaining({ error: expect.objectContaining({ code: 'engine_unavailable' }) as unknown }),
    );
  });

  it('is given up when the next engine has another model, to which its tokens mean nothing', async () => {
    const model = { id: 'other', generation: 'G0', context_length: 2048, vocab_size: 4096, parameters: 7 };
    await start({ lives: [{ crashAfterTokens: 3 }, { model }] });
    expect(await chunks()).toContainEqual(
      expect.objectContaining({ error: expect.objectContaining({ code: 'engine_unavailable' }) as unknown }),
    );
  });

  it('lacks nothing when only the usage was missing, even where it may not be resumed', async () => {
    await start({ lives: [{ crashAfterTokens: WORDS }, {}] }, { RESUME_TRIES: '0' });
    const answer = await gateway.client().chat.completions.create(CHAT);
    expect(answer.choices[0]?.message.content).toBe(REPLY);
    expect(answer.usage?.completion_tokens).toBe(WORDS);
  });

  it('is kept open by comments meanwhile', async () => {
    await start({ lives: [{ crashAfterTokens: 3 }, { loadMs: 300 }] }, { PING_SECONDS: '0.1' });
    const answer = await gateway.post({ ...CHAT, stream: true });
    const text = await answer.text();
    expect(text).toContain(': ping\n\n');
    expect(text.trim().endsWith('data: [DONE]')).toBe(true);
    expect(text).not.toContain('"error"');
  });
});

describe('an answer without a stream whose engine hangs', () => {
  it('is whole, after the hanging engine was killed', async () => {
    await start({ lives: [{ hangAfterTokens: 3 }, {}] }, { HANG_SECONDS: '0.3' });
    const answer = await gateway.client().chat.completions.create(CHAT);
    expect(answer.choices[0]?.message.content).toBe(REPLY);
    expect(answer.usage?.completion_tokens).toBe(WORDS);
    expect(gateway.engine.starts).toHaveLength(2);
  });
});
