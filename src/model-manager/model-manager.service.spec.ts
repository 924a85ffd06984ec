import { mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { firstValueFrom, lastValueFrom, toArray } from 'rxjs';
import { readSettings } from '../config/read-settings.js';
import { ModelManager, type ModelProgress } from './model-manager.service.js';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'model-manager-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

const ZIP = Buffer.concat([Buffer.from('PK\x03\x04'), Buffer.alloc(100), Buffer.from('PK\x05\x06'), Buffer.alloc(18)]);
const META = '{"model_config": {"n_layer": 4}}';

function write(...files: [name: string, content: string | Buffer][]): void {
  for (const [name, content] of files) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), content);
  }
}

const checkpoint = (place = '', step = '000650'): void =>
  write([join(place, `model_${step}.pt`), ZIP], [join(place, `meta_${step}.json`), META]);

const tokenizer = (place = ''): void => write([join(place, 'tokenizer.pkl'), 'pickle']);

const resolve = (environment: Record<string, string> = {}): Promise<ModelProgress> =>
  lastValueFrom(new ModelManager(readSettings({ MODEL: folder, ...environment })).resolve());

const reasonOf = async (environment: Record<string, string> = {}): Promise<string> => {
  const { state, reason } = await resolve(environment);
  expect(state).toBe('failed');
  return reason!;
};

describe('ModelManager', () => {
  it('tells that it resolves, verifies byte by byte, and is ready', async () => {
    checkpoint();
    tokenizer();
    const manager = new ModelManager(readSettings({ MODEL: folder }));
    expect(manager.progress).toMatchObject({ state: 'resolving', source: folder, directory: null });
    const all = await lastValueFrom(manager.resolve().pipe(toArray()));
    const bytesTotal = ZIP.length + META.length + 'pickle'.length;
    expect(all.map(({ state }) => state)).toEqual([
      'resolving',
      ...Array.from({ length: 5 }, () => 'verifying'),
      'ready',
    ]);
    expect(all.map(({ bytesDone }) => bytesDone)).toEqual([
      ...[0, 0, 0, META.length, META.length + 'pickle'.length],
      ...[bytesTotal, bytesTotal],
    ]);
    expect(manager.progress).toMatchObject({ state: 'ready', directory: folder, bytesTotal, reason: null });
  });

  it('resolves once, and tells a late subscriber the newest progress', async () => {
    checkpoint();
    tokenizer();
    const manager = new ModelManager(readSettings({ MODEL: folder }));
    await lastValueFrom(manager.resolve());
    rmSync(join(folder, 'tokenizer.pkl'));
    expect(await firstValueFrom(manager.resolve())).toMatchObject({ state: 'ready' });
  });

  it('names the embedded model nanochat-embedded, or the file that it lacks', async () => {
    const { source, modelId, reason } = await resolve({ MODEL: 'embedded' });
    expect(source).toBe('embedded');
    if (reason === null) expect(modelId).toBe('nanochat-embedded');
    else expect(reason).toContain(join('models', 'embedded'));
  });

  it('takes the highest step, or the one that MODEL_STEP names', async () => {
    checkpoint('d4', '000100');
    checkpoint('d4', '002000');
    tokenizer('d4');
    expect(await resolve()).toMatchObject({ state: 'ready', directory: join(folder, 'd4'), modelId: 'd4' });
    expect(await resolve({ MODEL_STEP: '100' })).toMatchObject({ state: 'ready' });
    expect(await reasonOf({ MODEL_STEP: '7' })).toContain('MODEL_STEP=7');
  });

  it("reads upstream's base directory: the fine-tuned model first, the deepest tag, its tokenizer", async () => {
    for (const tag of ['d4', 'd20', 'd12']) checkpoint(join('chatsft_checkpoints', tag));
    checkpoint(join('chatrl_checkpoints', 'd32'));
    checkpoint(join('base_checkpoints', 'd34'));
    tokenizer('tokenizer');
    const sft = join(folder, 'chatsft_checkpoints');
    expect(await resolve()).toMatchObject({ state: 'ready', directory: join(sft, 'd20'), modelId: 'd20' });
    expect(await resolve({ MODEL_TAG: 'd4' })).toMatchObject({ directory: join(sft, 'd4') });
    expect(await resolve({ MODEL_TAG: 'd34' })).toMatchObject({ directory: join(folder, 'base_checkpoints', 'd34') });
    expect(await reasonOf({ MODEL_TAG: 'd99' })).toContain('MODEL_TAG=d99');
  });

  it('takes the newest of tags that are no depths', async () => {
    checkpoint('mine');
    checkpoint('older');
    tokenizer();
    utimesSync(join(folder, 'older'), 1, 1);
    expect(await resolve()).toMatchObject({ directory: join(folder, 'mine'), modelId: 'mine' });
  });

  it('finds a folder by its name in NANOCHAT_DIR, and serves it under a name that a client can send', async () => {
    checkpoint('my model (2)');
    tokenizer('my model (2)');
    const found = await resolve({ MODEL: 'my model (2)', NANOCHAT_DIR: folder });
    expect(found).toMatchObject({ state: 'ready', modelId: 'my-model-2-' });
  });

  it('says where it looked for a model that is not there', async () => {
    expect(await reasonOf({ MODEL: join(folder, 'nowhere') })).toContain(join(folder, 'nowhere'));
    expect(await reasonOf()).toContain(`no checkpoint in ${folder}`);
    write(['config.json', '{}']);
    expect(await reasonOf()).toContain("Hugging Face's config.json, but no model.safetensors");
    expect(await reasonOf({ MODEL: join(folder, 'config.json') })).toContain('is a file');
  });

  it('refuses a model without its meta, and a checkpoint without a tokenizer', async () => {
    write(['model_000650.pt', ZIP], ['meta_000649.json', META]);
    tokenizer();
    expect(await reasonOf()).toMatch(/model_000650\.pt has no meta_000650\.json beside it: .* holds meta of 649/);
    checkpoint();
    rmSync(join(folder, 'tokenizer.pkl'));
    expect(await reasonOf()).toContain('no tokenizer');
  });

  it.each(['model_000650.pt', 'meta_000650.json', 'tokenizer.pkl'])('refuses an empty %s by its name', async (name) => {
    checkpoint();
    tokenizer();
    write([name, '']);
    expect(await reasonOf()).toBe(`${join(folder, name)} is empty`);
  });

  it('refuses a model whose end is missing, and a pointer in its place', async () => {
    checkpoint();
    tokenizer();
    write(['model_000650.pt', ZIP.subarray(0, 90)]);
    expect(await reasonOf()).toContain('model_000650.pt is cut');
    write(['model_000650.pt', 'version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n']);
    expect(await reasonOf()).toContain('Git LFS pointer');
  });

  it.each(['not json', '[]', '{"model_config": null}', '{}'])('refuses %s as a meta file', async (text) => {
    checkpoint();
    tokenizer();
    write(['meta_000650.json', text]);
    expect(await reasonOf()).toContain('meta_000650.json is not a checkpoint');
  });

  it("serves nanochat's own base directory when NANOCHAT_BASE_DIR or MODEL_SOURCE is set and MODEL is not", async () => {
    checkpoint(join('base_checkpoints', 'd4'));
    tokenizer('tokenizer');
    const directory = join(folder, 'base_checkpoints', 'd4');
    expect(await resolve({ MODEL: '', NANOCHAT_BASE_DIR: folder })).toMatchObject({ state: 'ready', directory });
    expect(await reasonOf({ MODEL: '', NANOCHAT_BASE_DIR: folder, MODEL_SOURCE: 'rl' })).toContain('MODEL_SOURCE=rl');
    expect(await resolve({ MODEL: 'embedded', NANOCHAT_BASE_DIR: folder })).not.toMatchObject({ directory });
  });

  it('takes what looks like a path for a path, never for a repository of the Hub', async () => {
    for (const path of ['./org/name', '../org/name', '/org/name', '~/org-x/name', 'org/name/']) {
      expect(await reasonOf({ MODEL: path })).toMatch(/neither 'embedded' nor a folder/);
    }
  });

  it('takes a folder that exists for a folder, also when a repository could have its name', async () => {
    checkpoint(join('org', 'name'));
    tokenizer(join('org', 'name'));
    const found = await resolve({ MODEL: 'org/name', NANOCHAT_DIR: folder });
    expect(found).toMatchObject({ state: 'ready', directory: join(folder, 'org', 'name') });
  });

  it("checks Hugging Face's layout: whose model it is, whole weights, every shard that the index names", async () => {
    const header = Buffer.from('{"a": {"data_offsets": [0, 4]}}');
    const length = Buffer.alloc(8);
    length.writeBigUInt64LE(BigInt(header.length));
    const weights = Buffer.concat([length, header, Buffer.alloc(4)]);
    write(['config.json', '{"model_type": "nanochat"}'], ['tokenizer.json', '{}'], ['model.safetensors', weights]);
    expect(await resolve()).toMatchObject({ state: 'ready', directory: folder });
    write(['model.safetensors', weights.subarray(0, -1)]);
    expect(await reasonOf()).toMatch(/model\.safetensors is 42 bytes long; its header speaks of 43/);
    write(['model.safetensors', 'no header']);
    expect(await reasonOf()).toContain("its header can't be read");
    write(['config.json', '{"model_type": "llama"}']);
    expect(await reasonOf()).toContain('"llama"');
    rmSync(join(folder, 'model.safetensors'));
    const map = { a: 'model-00001-of-00002.safetensors', b: 'model-00002-of-00002.safetensors' };
    write(['config.json', '{"architectures": ["NanoChatForCausalLM"]}'], [map.a, weights]);
    write(['model.safetensors.index.json', JSON.stringify({ weight_map: map })]);
    expect(await reasonOf()).toContain(`names ${map.b}, which is not there`);
    write([map.b, weights]);
    expect(await resolve()).toMatchObject({ state: 'ready' });
  });
});
