import { describe, expect, it } from '@jest/globals';
import { readSettings } from '../config/read-settings.js';
import { workerCount, workerShare } from './worker-share.js';

describe('what a worker gets of the machine', () => {
  it('is left to the engine where it is alone', () => {
    expect(workerShare(readSettings({}), 0, 8)).toEqual({ device: 'auto', threads: null, deviceWorkers: 1 });
  });

  it('is one by default, none where engines run elsewhere, and both where that is said', () => {
    const ENGINE_URLS = 'http://a:1';
    expect(workerCount(readSettings({}))).toBe(1);
    expect(workerCount(readSettings({ ENGINE_URLS }))).toBe(0);
    expect(workerCount(readSettings({ ENGINE_URLS, WORKERS: '2' }))).toBe(2);
    expect(workerCount(readSettings({ ENGINE_URLS, DEVICES: 'cpu' }))).toBe(1);
  });

  it('is a fair part of the processors among several, and at least one', () => {
    const settings = readSettings({ WORKERS: '3', DEVICE: 'cpu' });
    expect(workerShare(settings, 2, 8)).toMatchObject({ device: 'cpu', threads: 2 });
    expect(workerShare(settings, 2, 2)).toMatchObject({ device: 'cpu', threads: 1 });
    expect(workerShare(readSettings({ WORKERS: '3', ENGINE_THREADS: '4' }), 1, 8).threads).toBe(4);
  });

  it('is a device of its own where devices are named, in turn where there are more workers', () => {
    const settings = readSettings({ DEVICES: 'cuda:0, CUDA:1' });
    expect(workerCount(settings)).toBe(2);
    expect([0, 1].map((index) => workerShare(settings, index, 8).device)).toEqual(['cuda:0', 'cuda:1']);
    const four = readSettings({ DEVICES: 'cuda:0,cuda:1', WORKERS: '4' });
    expect([0, 1, 2, 3].map((index) => workerShare(four, index).device)).toEqual([
      ...['cuda:0', 'cuda:1', 'cuda:0', 'cuda:1'],
    ]);
  });

  it.each([
    [{ WORKERS: '3' }, [3, 3, 3]],
    [{ DEVICES: 'cuda:0,cuda:1' }, [1, 1]],
    [{ DEVICES: 'cuda:0,cuda:1', WORKERS: '3' }, [2, 1, 2]],
    [{ DEVICES: 'cuda,CUDA:0,cpu' }, [2, 2, 1]],
  ])('is of the memory a part among those of the same device (%j)', (given, expected) => {
    const settings = readSettings(given);
    expect(expected.map((_, index) => workerShare(settings, index, 8).deviceWorkers)).toEqual(expected);
  });
});
