import { Injectable } from '@nestjs/common';
import { type HealthIndicatorResult, HealthIndicatorService } from '@nestjs/terminus';
import { percentOf, progressWords } from '../model-manager/progress-words.js';
import { ModelManager } from '../model-manager/model-manager.service.js';
import { WorkerPool } from '../python-engine/worker-pool.js';

/** Where the model's files are: found, still on their way, or not to be had. */
@Injectable()
export class ModelIndicator {
  constructor(
    private readonly indicators: HealthIndicatorService,
    private readonly models: ModelManager,
    private readonly pool: WorkerPool,
  ) {}

  /** Up also where a worker is ready anyway, or where none needs files here. */
  resolved(): HealthIndicatorResult {
    const { progress } = this.models;
    const { ready, workers } = this.pool.status;
    if (workers.every(({ external }) => external !== null))
      return this.indicators.check('model').up({ state: 'external' });
    const { state, bytesDone, bytesTotal, rate, secondsLeft, note, reason } = progress;
    const check = this.indicators.check('model');
    if (state === 'ready' || ready) return check.up({ state });
    return check.down({
      ...{ reason: reason ?? `the model is not there yet: ${progressWords(progress)}`, state, note },
      ...{ percent: percentOf(progress), bytes_done: bytesDone, bytes_total: bytesTotal },
      ...{ bytes_per_second: rounded(rate), seconds_left: rounded(secondsLeft) },
    });
  }
}

const rounded = (value: number | null): number | null => (value === null ? null : Math.round(value));
