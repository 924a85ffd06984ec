import { describe, expect, it } from '@jest/globals';
import { parseEngineHealth } from './client/engine-health.js';
import { poolStatus } from './pool-status.js';
import { initialStatus, type WorkerStatus } from './worker-status.js';

const worker = (fields: Partial<WorkerStatus>): WorkerStatus => ({ ...initialStatus('worker-0'), ...fields });
const engine = parseEngineHealth('{"state": "ready", "max_running": 16}');
const ready = worker({ state: 'ready', beating: true, engine });

describe('poolStatus', () => {
  it('is ready when some worker is ready and beating', () => {
    expect(poolStatus([worker({ state: 'failed' }), ready], false)).toMatchObject({ ready: true, reason: null });
    expect(poolStatus([{ ...ready, beating: false }], false).ready).toBe(false);
  });

  it('remembers that it has been ready', () => {
    expect(poolStatus([worker({})], false).everReady).toBe(false);
    expect(poolStatus([worker({})], true).everReady).toBe(true);
    expect(poolStatus([ready], false).everReady).toBe(true);
  });

  it('takes what its ready workers run, and two more of each', () => {
    expect(poolStatus([ready, ready, worker({ state: 'loading', engine })], true).capacity).toBe(36);
  });

  it('has failed only when every worker has', () => {
    expect(poolStatus([worker({ state: 'failed' }), worker({ state: 'backoff' })], true).allFailed).toBe(false);
    expect(poolStatus([worker({ state: 'failed' }), worker({ state: 'failed' })], true).allFailed).toBe(true);
  });

  it('knows external engines, which never fail for good and take what they say', () => {
    const model = { id: 'm', generation: null, contextLength: null, vocabSize: null, parameters: null };
    const described = { url: 'http://a', software: 'vllm', version: null, model, maxRunning: 200 };
    const external = worker({ name: 'engine-0', state: 'ejected', phase: null, external: described, reason: 'gone' });
    const status = poolStatus([worker({ state: 'failed' }), external], true);
    expect(status).toMatchObject({ ready: false, allFailed: false, supervisedFailed: true, capacity: 0 });
    expect(status.reason).toContain('engine-0 is ejected: gone');
    expect(poolStatus([external], true).supervisedFailed).toBe(false);
    expect(poolStatus([{ ...external, state: 'ready', beating: true }, ready], true)).toMatchObject({
      ...{ ready: true, capacity: 218 },
    });
  });

  it('says of each worker why it is not ready', () => {
    const loading = worker({ state: 'loading', phase: 'load', progress: 0.256 });
    const failed = worker({ name: 'worker-1', state: 'failed', phase: 'load', progress: 1, reason: 'no memory' });
    expect(poolStatus([loading, failed], false).reason).toBe(
      'worker-0 is loading (load 26 %); worker-1 is failed: no memory',
    );
  });
});
