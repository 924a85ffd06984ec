import { once } from 'node:events';
import { lstatSync, readFileSync, readlinkSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { HubRepository } from '../hub-server/hub-repository.js';
import { HubStart, MODEL } from './hub-start.js';

let start: HubStart;
beforeEach(async () => {
  start = await HubStart.create();
});
afterEach(() => start.close());

const TOKEN = 'hf_a-token-of-the-test';

describe('a model of the Hub', () => {
  it('is downloaded into the cache that all tools of the Hub share: blobs by checksum, a ref, links', async () => {
    const found = await start.resolve();
    expect(found).toMatchObject({ state: 'ready', directory: start.snapshot, modelId: 'golden', reason: null });
    expect(readFileSync(join(start.cache, 'refs', 'main'), 'utf8')).toBe(start.repository.commit);
    for (const path of [MODEL, 'meta_000001.json', 'tokenizer.pkl']) {
      expect(readlinkSync(join(start.snapshot, path))).toBe(`../../blobs/${start.repository.file(path).etag}`);
      expect(readFileSync(join(start.snapshot, path)).equals(start.repository.file(path).content)).toBe(true);
    }
  });

  it('is no more than the files that are served', async () => {
    await start.resolve();
    expect([...start.hub.sent.keys()].toSorted()).toEqual(['meta_000001.json', MODEL, 'tokenizer.pkl']);
    expect(start.blobs).toHaveLength(3);
  });

  it('is not downloaded again by a second start', async () => {
    await start.resolve();
    start.hub.sent.clear();
    expect(await start.resolve()).toMatchObject({ state: 'ready', directory: start.snapshot });
    expect(start.hub.sent.size).toBe(0);
  });

  it('is served without the Hub when HF_HUB_OFFLINE=1', async () => {
    await start.resolve();
    const before = start.hub.asked.length;
    expect(await start.resolve({ HF_HUB_OFFLINE: '1' })).toMatchObject({ state: 'ready', directory: start.snapshot });
    expect(start.hub.asked).toHaveLength(before);
  });

  it('is said not to be there when HF_HUB_OFFLINE=1 and nothing is in the cache', async () => {
    const { state, reason } = await start.resolve({ HF_HUB_OFFLINE: '1' });
    expect(state).toBe('failed');
    expect(reason).toContain('org/golden is not in the cache');
    expect(reason).toContain('HF_HUB_OFFLINE');
    expect(start.hub.asked).toEqual([]);
  });

  it('is served from the cache when the Hub does not answer', async () => {
    await start.resolve();
    start.hub.faults.plan('api', { kind: 'status', status: 503 }, Infinity);
    expect(await start.resolve()).toMatchObject({ state: 'ready', directory: start.snapshot });
  });

  it('is what the revision names, and a new commit of it when there is one', async () => {
    await start.resolve();
    const newer = new HubRepository('org/golden', {
      ...Object.fromEntries([...start.repository.files].map(([path, { content }]) => [path, content])),
      'meta_000001.json': '{"model_config": {"n_layer": 9}}',
    });
    start.hub.publish(newer);
    start.hub.sent.clear();
    const found = await start.resolve({ MODEL: 'org/golden@main' });
    expect(found.directory).toBe(join(start.cache, 'snapshots', newer.commit));
    expect([...start.hub.sent.keys()]).toEqual(['meta_000001.json']);
    const named = await start.resolve({ MODEL: `org/golden@${newer.commit}` });
    expect(named).toMatchObject({ state: 'ready', directory: found.directory });
  });

  it("may lie in a sub-folder, in upstream's folders, or in Hugging Face's layout", async () => {
    start.hub.publish(HubRepository.golden('org/deep', '2025-10', 'd4/'));
    expect(await start.resolve({ MODEL: 'org/deep' })).toMatchObject({ state: 'ready', modelId: 'deep' });
    const files = [...HubRepository.golden('org/x').files].map(([path, { content }]) => [path, content] as const);
    const staged = files.map(([path, content]) => [
      path === 'tokenizer.pkl' ? 'tokenizer/tokenizer.pkl' : `chatrl_checkpoints/d4/${path}`,
      content,
    ]);
    start.hub.publish(new HubRepository('org/staged', Object.fromEntries(staged) as Record<string, Buffer>));
    const found = await start.resolve({ MODEL: 'org/staged', MODEL_SOURCE: 'rl' });
    expect(found).toMatchObject({ state: 'ready' });
    expect(found.directory).toMatch(/chatrl_checkpoints\/d4$/);
    expect((await start.resolve({ MODEL: 'org/staged', MODEL_SOURCE: 'base' })).reason).toContain('MODEL_SOURCE=base');
    start.hub.publish(new HubRepository('org/shards', sharded()));
    expect(await start.resolve({ MODEL: 'org/shards' })).toMatchObject({ state: 'ready', modelId: 'shards' });
  });

  it('gets the token from HF_TOKEN or from the file of the login, and gives it to the Hub alone', async () => {
    await start.resolve({ HF_TOKEN: TOKEN });
    const sent = (origin: string) => start.hub.asked.filter((asked) => asked.origin === origin);
    expect(sent('hub').length).toBeGreaterThan(0);
    expect(sent('cdn').length).toBeGreaterThan(0);
    expect(new Set(sent('hub').map(({ authorization }) => authorization))).toEqual(new Set([`Bearer ${TOKEN}`]));
    expect(new Set(sent('cdn').map(({ authorization }) => authorization))).toEqual(new Set([undefined]));
    start.hub.asked.length = 0;
    writeFileSync(join(start.home, 'token'), 'hf_of-the-login\n');
    await start.resolve();
    expect(start.hub.asked[0]?.authorization).toBe('Bearer hf_of-the-login');
  });

  it('comes by the proxy that the environment names, and not by it where NO_PROXY says so', async () => {
    const proxied: string[] = [];
    const proxy = createServer(({ url, method, headers }, response) => {
      proxied.push(new URL(url!).host);
      request(url!, { method, headers }, (answer) => {
        response.writeHead(answer.statusCode!, answer.headers);
        answer.pipe(response);
      }).end();
    });
    await once(proxy.listen(0, '127.0.0.1'), 'listening');
    const HTTP_PROXY = `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`;
    expect(await start.resolve({ HTTP_PROXY, NO_PROXY: '127.0.0.1' })).toMatchObject({ state: 'ready' });
    expect(proxied).toEqual([]);
    rmSync(start.cache, { recursive: true });
    expect(await start.resolve({ HTTP_PROXY })).toMatchObject({ state: 'ready' });
    expect(proxied).toContain(new URL(start.hub.endpoint).host);
    proxy.closeAllConnections();
    proxy.close();
  });

  it('never gets names that leave the folder', async () => {
    const files = [...start.repository.files].map(([path, { content }]) => [path, content] as const);
    start.hub.publish(new HubRepository('org/hostile', { ...Object.fromEntries(files), '../../../evil.pt': 'x' }));
    expect(await start.resolve({ MODEL: 'org/hostile' })).toMatchObject({ state: 'ready' });
    expect(lstatSync(join(start.home, 'hub')).isDirectory()).toBe(true);
    expect(start.hub.sent.has('../../../evil.pt')).toBe(false);
  });
});

function sharded(): Record<string, string | Buffer> {
  const shard = (name: string): Buffer => {
    const header = Buffer.from(JSON.stringify({ [name]: { dtype: 'F32', shape: [1], data_offsets: [0, 4] } }));
    const length = Buffer.alloc(8);
    length.writeBigUInt64LE(BigInt(header.length));
    return Buffer.concat([length, header, Buffer.alloc(4)]);
  };
  const [one, two] = ['model-00001-of-00002.safetensors', 'model-00002-of-00002.safetensors'];
  return {
    ...{ 'config.json': '{"model_type": "nanochat"}', 'tokenizer.json': '{}', 'pytorch_model.bin': 'not needed' },
    ...{ [one]: shard('a'), [two]: shard('b') },
    'model.safetensors.index.json': JSON.stringify({ weight_map: { a: one, b: two } }),
  };
}
