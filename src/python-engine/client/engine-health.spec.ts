import { describe, expect, it } from '@jest/globals';
import { parseEngineHealth } from './engine-health.js';

describe('parseEngineHealth', () => {
  it('reads the health of docs/engine-api.md', () => {
    const body = {
      ...{ state: 'ready', phase: 'serve', progress: 1, reason: null, nonce: 'n', pid: 123, version: '0.1.0' },
      ...{ device: 'cpu', dtype: 'float32', kernel: 'torch', quantization: 'int8', batch_invariant: true },
      model: { id: 'm', generation: 'G5', context_length: 2048, vocab_size: 4096, parameters: 8000000 },
      ...{ running: 1, waiting: 2, max_running: 16, max_waiting: 32 },
      cache: { block_tokens: 64, blocks: 512, blocks_used: 3 },
      ...{ working: true, beat_age_seconds: 0.01, longest_step_seconds: 0.2, steps: 12 },
      ...{ finished: 3, aborted: 1, abort_steps_max: 1 },
    };
    expect(parseEngineHealth(JSON.stringify(body))).toEqual({
      ...{ state: 'ready', phase: 'serve', progress: 1, reason: null, nonce: 'n', pid: 123, version: '0.1.0' },
      ...{ device: 'cpu', dtype: 'float32', kernel: 'torch', quantization: 'int8', batchInvariant: true },
      model: { id: 'm', generation: 'G5', contextLength: 2048, vocabSize: 4096, parameters: 8000000 },
      ...{ running: 1, waiting: 2, maxRunning: 16, maxWaiting: 32 },
      cache: { blockTokens: 64, blocks: 512, blocksUsed: 3 },
      ...{ working: true, beatAgeSeconds: 0.01, longestStepSeconds: 0.2, steps: 12 },
      ...{ finished: 3, aborted: 1, abortStepsMax: 1 },
    });
  });

  it('has null for what a starting engine does not know yet', () => {
    expect(parseEngineHealth('{"state": "starting", "phase": "import", "model": null}')).toMatchObject({
      state: 'starting',
      model: null,
      device: null,
      cache: null,
      working: false,
    });
  });

  it.each(['', 'ok', '[]', 'null', '{"status": "ok"}', '{"state": "great"}', '{"state": 1}'])(
    'does not take %p for the health of an engine',
    (body) => expect(parseEngineHealth(body)).toBeNull(),
  );
});
