import { Injectable } from '@nestjs/common';
import { type HealthIndicatorResult, HealthIndicatorService } from '@nestjs/terminus';
import type { WorkerStatus } from '../python-engine/worker-status.js';
import { WorkerPool } from '../python-engine/worker-pool.js';

/** What the workers say of themselves, read from the newest status: a probe never asks an engine and never waits. */
@Injectable()
export class WorkersIndicator {
  constructor(
    private readonly indicators: HealthIndicatorService,
    private readonly pool: WorkerPool,
  ) {}

  /** Up unless none of the children will ever come back by itself; no restart of this server mends an external engine. */
  notAllFailed(): HealthIndicatorResult {
    return this.result(!this.pool.status.supervisedFailed);
  }

  /** Up when some worker is ready, and idle or beating. */
  ready(): HealthIndicatorResult {
    return this.result(this.pool.status.ready);
  }

  /** Up once the model has been ready. */
  everReady(): HealthIndicatorResult {
    return this.result(this.pool.status.everReady);
  }

  private result(up: boolean): HealthIndicatorResult {
    const { reason, workers } = this.pool.status;
    const check = this.indicators.check('workers');
    const states = Object.fromEntries(workers.map((worker) => [worker.name, told(worker)]));
    return up ? check.up(states) : check.down({ reason: reason ?? 'no worker is ready', ...states });
  }
}

function told({ state, phase, progress, reason, restarts, beating, external }: WorkerStatus) {
  if (external !== null) {
    const { url, software, version, model } = external;
    // A path may be secret, and probes are open.
    return { state, url: new URL(url).origin, software, version, model: model?.id ?? null, reason };
  }
  return { state, phase, percent: progress === null ? null : Math.round(progress * 100), reason, restarts, beating };
}
