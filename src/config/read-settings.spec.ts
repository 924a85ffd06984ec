import { describe, expect, it } from '@jest/globals';
import { readSettings } from './read-settings.js';
import { SettingsError } from './settings-error.js';

describe('readSettings', () => {
  it('gives the defaults of an empty environment', () => {
    const settings = readSettings({});
    expect(settings).toMatchObject({
      port: 3080,
      host: '127.0.0.1',
      enginePort: 8081,
      model: 'embedded',
      maxRunning: 16,
    });
    expect(settings.cacheTokens).toBeNull();
  });

  it('takes an empty variable as absent', () => {
    expect(readSettings({ PORT: '', CACHE_TOKENS: ' ' })).toMatchObject({ port: 3080, cacheTokens: null });
  });

  it('reads numbers, words in any case and lists', () => {
    const settings = readSettings({
      PORT: '4000',
      HANG_SECONDS: '0.5',
      LOG_LEVEL: 'WARNING',
      DEVICE: 'CUDA:1',
      MODEL_WINDOW_PATTERN: 'sssl',
      ALLOWED_HOSTS: 'a.example, b.example',
    });
    expect(settings).toMatchObject({
      port: 4000,
      hangSeconds: 0.5,
      logLevel: 'warn',
      device: 'cuda:1',
      modelWindowPattern: 'SSSL',
      allowedHosts: ['a.example', 'b.example'],
    });
  });

  it('reports every wrong setting at once, by its name in the environment and its value', () => {
    const read = () => readSettings({ PORT: '99999', DTYPE: 'int3', MAX_RUNNING: 'many', DEVICE: 'tpu' });
    expect(read).toThrow(SettingsError);
    expect(read).toThrow(/PORT=99999 is above 65535/);
    expect(read).toThrow(/DTYPE=int3 is none of auto, bfloat16, float32/);
    expect(read).toThrow(/MAX_RUNNING=many is not a whole number/);
    expect(read).toThrow(/DEVICE=tpu is none of/);
  });

  it('shows no address and no key of an external engine, in which there may be secrets', () => {
    const wrong = ['http://me:secret@host:8000', 'ftp://host', 'http://host/?key=secret'];
    for (const text of wrong) {
      const read = () => readSettings({ ENGINE_URLS: text, ENGINE_API_KEY: 'two secrets' });
      expect(read).toThrow(/ENGINE_URLS=\(hidden\) must be http or https addresses without user names/);
      expect(read).toThrow(/ENGINE_API_KEY=\(hidden\)/);
      expect(read).not.toThrow(/secret/);
    }
    expect(readSettings({ ENGINE_URLS: 'http://a:1, https://b/v1' }).engineUrls).toEqual([
      'http://a:1',
      'https://b/v1',
    ]);
  });

  it.each(['1e3', '0x10', '12abc', '1.5', '--1'])('refuses %p as a whole number', (text) => {
    expect(() => readSettings({ PORT: text })).toThrow(`PORT=${text} is not a whole number`);
  });

  it('is frozen', () => {
    const settings = readSettings({});
    expect(() => Object.assign(settings, { port: 1 })).toThrow(TypeError);
  });

  it('keeps the environment it was read from, for children', () => {
    expect(readSettings({ PYTHONPATH: '/x', EMPTY: undefined }).environment).toEqual({ PYTHONPATH: '/x' });
  });
});
