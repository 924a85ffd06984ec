import { describe, expect, it } from '@jest/globals';
import { readSettings } from '../../config/read-settings.js';
import { engineEnvironment, inheritedEnvironment, settingsEnvironment } from './engine-environment.js';

const identity = { token: 't', nonce: 'n', modelId: 'tiny' };

describe('the environment of an engine', () => {
  it('has what the interpreter, the mathematics and the devices need', () => {
    const needed = {
      PATH: '/bin',
      HOME: '/home/a',
      CUDA_VISIBLE_DEVICES: '0',
      PYTHONPATH: '/p',
      PYTHONHASHSEED: '0',
      LD_LIBRARY_PATH: '/l',
      HF_HOME: '/h',
      HF_HUB_OFFLINE: '1',
      OMP_NUM_THREADS: '2',
      MKL_NUM_THREADS: '2',
      PYTORCH_CUDA_ALLOC_CONF: 'x',
      TORCHINDUCTOR_CACHE_DIR: '/c',
      LC_ALL: 'C.UTF-8',
    };
    expect(inheritedEnvironment(needed)).toEqual(needed);
  });

  it('has no secret and nothing that is none of its business', () => {
    const withheld = {
      HF_TOKEN: 's',
      API_KEYS: 's',
      OPENAI_API_KEY: 's',
      AWS_SECRET_ACCESS_KEY: 's',
      NODE_OPTIONS: '--inspect',
      npm_config_cache: '/n',
      PORT: '1',
    };
    expect(inheritedEnvironment(withheld)).toEqual({});
  });

  it('has the settings by their names, and leaves out what was not given', () => {
    const given = { MODEL_SOFTCAP: '20', DRAIN_TIMEOUT_SECONDS: '2.5', QUANTIZATION: 'int4', KERNELS: 'torch' };
    const environment = settingsEnvironment(readSettings(given));
    expect(environment).toMatchObject(given);
    expect(Object.keys(environment)).not.toContain('CACHE_TOKENS');
  });

  it('tells the child who it is, whose, and where its package lies', () => {
    const share = { device: 'cuda:1', threads: 2, deviceWorkers: 3 };
    const environment = engineEnvironment(readSettings({ PYTHONPATH: '/theirs' }), share, identity, '/ours');
    expect(environment).toMatchObject({
      DEVICE: 'cuda:1',
      DEVICE_WORKERS: '3',
      ENGINE_THREADS: '2',
      PYTHONPATH: '/ours:/theirs',
      PYTHONUNBUFFERED: '1',
      MODEL_ID: 'tiny',
      ENGINE_TOKEN: 't',
      ENGINE_NONCE: 'n',
      ENGINE_PARENT_PID: String(process.pid),
    });
  });
});
