import type { ReportedState } from '../worker-state.js';

/** The engine's own health, as docs/engine-api.md defines it. What an engine leaves out is null. */
export interface EngineHealth {
  state: ReportedState;
  phase: string | null;
  /** Share of the start-up done, 0 to 1. */
  progress: number | null;
  reason: string | null;
  nonce: string | null;
  pid: number | null;
  version: string | null;
  device: string | null;
  dtype: string | null;
  kernel: string | null;
  quantization: string | null;
  batchInvariant: boolean | null;
  model: EngineModel | null;
  running: number;
  waiting: number;
  maxRunning: number;
  maxWaiting: number;
  cache: { blockTokens: number; blocks: number; blocksUsed: number } | null;
  working: boolean;
  beatAgeSeconds: number;
  longestStepSeconds: number;
  steps: number;
  finished: number;
  aborted: number;
  abortStepsMax: number;
}

export interface EngineModel {
  id: string | null;
  generation: string | null;
  contextLength: number | null;
  vocabSize: number | null;
  parameters: number | null;
}

const STATES: readonly string[] = ['starting', 'loading', 'warming', 'ready', 'draining', 'failed'];

/** Null when the body is no engine's health at all: something else answers on that port. */
export function parseEngineHealth(body: string): EngineHealth | null {
  const json = parseObject(body);
  const state = text(json?.['state']);
  if (json === null || state === null || !STATES.includes(state)) return null;
  const model = record(json['model']);
  const cache = record(json['cache']);
  return {
    state: state as ReportedState,
    phase: text(json['phase']),
    progress: number(json['progress']),
    reason: text(json['reason']),
    nonce: text(json['nonce']),
    pid: number(json['pid']),
    version: text(json['version']),
    device: text(json['device']),
    dtype: text(json['dtype']),
    kernel: text(json['kernel']),
    quantization: text(json['quantization']),
    batchInvariant: typeof json['batch_invariant'] === 'boolean' ? json['batch_invariant'] : null,
    model: model && {
      id: text(model['id']),
      generation: text(model['generation']),
      contextLength: number(model['context_length']),
      vocabSize: number(model['vocab_size']),
      parameters: number(model['parameters']),
    },
    running: number(json['running']) ?? 0,
    waiting: number(json['waiting']) ?? 0,
    maxRunning: number(json['max_running']) ?? 1,
    maxWaiting: number(json['max_waiting']) ?? 0,
    cache: cache && {
      blockTokens: number(cache['block_tokens']) ?? 0,
      blocks: number(cache['blocks']) ?? 0,
      blocksUsed: number(cache['blocks_used']) ?? 0,
    },
    working: json['working'] === true,
    beatAgeSeconds: number(json['beat_age_seconds']) ?? 0,
    longestStepSeconds: number(json['longest_step_seconds']) ?? 0,
    steps: number(json['steps']) ?? 0,
    finished: number(json['finished']) ?? 0,
    aborted: number(json['aborted']) ?? 0,
    abortStepsMax: number(json['abort_steps_max']) ?? 0,
  };
}

function parseObject(body: string): Record<string, unknown> | null {
  try {
    return record(JSON.parse(body));
  } catch {
    return null;
  }
}

function record(value: unknown): Record<string, unknown> | null {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : null;
}

const text = (value: unknown): string | null => (typeof value === 'string' ? value : null);

const number = (value: unknown): number | null => (typeof value === 'number' && Number.isFinite(value) ? value : null);
