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

  it('says of each worker why it is not ready', () => {
    const loading = worker({ state: 'loading', phase: 'load', progress: 0.256 });
    const failed = worker({ name: 'worker-1', state: 'failed', phase: 'load', progress: 1, reason: 'no memory' });
    expect(poolStatus([loading, failed], false).reason).toBe(
      'worker-0 is loading (load 26 %); worker-1 is failed: no memory',
    );
  });
});
