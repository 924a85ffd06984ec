import { describe, expect, it } from '@jest/globals';
import { chooseCheckpoint } from './choose-checkpoint.js';
import type { CheckpointChoice } from './choose-folder.js';

const none: CheckpointChoice = { source: null, tag: null, step: null };
const nanochat = (folder: string, step = '000001'): string[] => [
  `${folder}model_${step}.pt`,
  `${folder}meta_${step}.json`,
];
const choose = (files: string[], choice: Partial<CheckpointChoice> = {}) =>
  chooseCheckpoint({ title: 'org/x', name: 'x', files: new Set(files), modified: new Map() }, { ...none, ...choice });

describe('chooseCheckpoint', () => {
  it("takes the stage that MODEL_SOURCE names of upstream's base directory, and its largest depth", () => {
    const files = [
      ...['base', 'mid', 'chatsft', 'chatrl'].flatMap((stage) => [
        ...nanochat(`${stage}_checkpoints/d4/`),
        ...nanochat(`${stage}_checkpoints/d12/`),
      ]),
      'tokenizer/tokenizer.pkl',
    ];
    expect(choose(files).folder).toBe('chatsft_checkpoints/d12');
    expect(choose(files, { source: 'base' }).weights).toEqual(['base_checkpoints/d12/model_000001.pt']);
    expect(choose(files, { source: 'rl', tag: 'd4' })).toMatchObject({
      folder: 'chatrl_checkpoints/d4',
      tokenizer: 'tokenizer/tokenizer.pkl',
    });
  });

  it('refuses a MODEL_SOURCE that is not there, or that can choose nothing', () => {
    const files = [...nanochat('base_checkpoints/d4/'), 'tokenizer/tokenizer.pkl'];
    expect(() => choose(files, { source: 'rl' })).toThrow(/no checkpoint in org\/x for MODEL_SOURCE=rl/);
    expect(() => choose([...nanochat(''), 'tokenizer.pkl'], { source: 'rl' })).toThrow(/MODEL_SOURCE=rl can't apply/);
  });

  it("takes Hugging Face's layout, whole or in shards, in the folder or right inside", () => {
    const shards = ['model-00001-of-00002.safetensors', 'model-00002-of-00002.safetensors'];
    const files = ['config.json', 'tokenizer.json', 'model.safetensors.index.json', ...shards];
    expect(choose([...files, 'README.md', 'optimizer.pt'])).toEqual({
      ...{ layout: 'hugging-face', folder: '', meta: 'config.json', tokenizer: 'tokenizer.json', step: null },
      weights: ['model.safetensors.index.json', ...shards],
    });
    const whole = ['d4/config.json', 'd4/tokenizer.json', 'd4/model.safetensors'];
    expect(choose(whole)).toMatchObject({ folder: 'd4', weights: ['d4/model.safetensors'] });
    expect(() => choose(whole.filter((path) => !path.includes('tokenizer')))).toThrow(/d4 has no tokenizer.json/);
    expect(() => choose(files, { step: 5 })).toThrow(/MODEL_STEP=5 can't apply/);
  });

  it("prefers nanochat's own files where a folder has both layouts", () => {
    const both = [...nanochat(''), 'tokenizer.pkl', 'config.json', 'model.safetensors', 'tokenizer.json'];
    expect(choose(both)).toMatchObject({ layout: 'nanochat', weights: ['model_000001.pt'] });
  });
});
