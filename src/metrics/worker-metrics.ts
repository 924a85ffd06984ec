import { Injectable } from '@nestjs/common';
import type { WorkerStatus } from '../python-engine/worker-status.js';
import { WorkerPool } from '../python-engine/worker-pool.js';
import { WORKER_STATES } from '../python-engine/worker-state.js';
import { MetricRegistry } from './metric-registry.js';

/** What the pool tells of its workers, and their engines of themselves. */
@Injectable()
export class WorkerMetrics {
  constructor(
    private readonly registry: MetricRegistry,
    private readonly pool: WorkerPool,
  ) {
    const { registry: metrics } = this;
    metrics.gauge({ name: 'ready', help: '1 while a request would be served' }, (gauge) =>
      gauge.set(pool.status.ready ? 1 : 0),
    );
    const state = { name: 'worker_state', help: '1 for the state that a worker is in', labels: ['worker', 'state'] };
    metrics.gauge(state, (gauge) => {
      for (const worker of pool.status.workers)
        for (const name of WORKER_STATES)
          gauge.set({ worker: worker.name, state: name }, worker.state === name ? 1 : 0);
    });
    this.ofEngines('kv_cache_usage_perc', "Share of the cache's blocks that requests hold, 0 to 1", ({ cache }) =>
      cache === null || cache.blocks === 0 ? null : cache.blocksUsed / cache.blocks,
    );
    this.ofEngines('worker_sequences_running', 'Choices that an engine computes', ({ running }) => running);
    this.ofEngines('worker_sequences_waiting', 'Choices that wait in an engine', ({ waiting }) => waiting);
    this.ofEngines(
      'worker_longest_step_seconds',
      "An engine's longest step since its start",
      (engine) => engine.longestStepSeconds,
    );
    const memory = { name: 'worker_memory_bytes', help: "An engine's own memory, without files that it maps" };
    metrics.gauge({ ...memory, labels: ['worker'] }, (gauge) => {
      for (const { name, memoryBytes } of pool.status.workers)
        if (memoryBytes !== null) gauge.set({ worker: name }, memoryBytes);
    });
    const over = { name: 'worker_over_memory_budget', help: '1 for an engine that is over WORKER_MEMORY_LIMIT_BYTES' };
    metrics.gauge({ ...over, labels: ['worker'] }, (gauge) => {
      for (const { name, memoryVerdict } of pool.status.workers)
        gauge.set({ worker: name }, memoryVerdict === null ? 0 : 1);
    });
    const replaced = { name: 'worker_replacements_total', help: "Workers that have taken another's place, by why" };
    const replacements = metrics.counter({ ...replaced, labels: ['worker', 'reason'] });
    pool.replaced$.subscribe(({ worker, reason }) => replacements.inc({ worker, reason }));
    this.info();
    this.restarts();
  }

  private ofEngines(name: string, help: string, value: (engine: NonNullable<WorkerStatus['engine']>) => number | null) {
    this.registry.gauge({ name, help, labels: ['worker'] }, (gauge) => {
      for (const { name: worker, engine } of this.pool.status.workers) {
        const number = engine === null ? null : value(engine);
        if (number !== null) gauge.set({ worker }, number);
      }
    });
  }

  private info(): void {
    const labels = [
      'worker',
      'model',
      'generation',
      'device',
      'dtype',
      'kernel',
      'quantization',
      'batch_invariant',
      'version',
    ];
    this.registry.gauge({ name: 'engine_info', help: 'What computes, in labels; always 1', labels }, (gauge) => {
      for (const { name: worker, engine } of this.pool.status.workers) {
        if (engine === null || engine.kernel === null) continue;
        const { device, dtype, kernel, quantization, batchInvariant, version, model } = engine;
        const told = { device, dtype, kernel, quantization, version, model: model?.id, generation: model?.generation };
        const texts = Object.entries(told).map(([label, value]) => [label, value ?? ''] as const);
        const batch_invariant = batchInvariant === null ? '' : batchInvariant ? 'on' : 'off';
        gauge.set({ ...Object.fromEntries(texts), worker, batch_invariant }, 1);
      }
    });
  }

  /** A worker that is replaced begins anew at 0, which is no step back. */
  private restarts(): void {
    const help = "A worker's lives after its first";
    const counter = this.registry.counter({ name: 'worker_restarts_total', help, labels: ['worker'] });
    const before = new Map<string, number>();
    this.pool.status$.subscribe(({ workers }) => {
      for (const { name, restarts } of workers) {
        const known = before.get(name) ?? 0;
        if (restarts === known && before.has(name)) continue;
        before.set(name, restarts);
        counter.inc({ worker: name }, Math.max(0, restarts - known));
      }
    });
  }
}
