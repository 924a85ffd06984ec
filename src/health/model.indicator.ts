import { Injectable } from '@nestjs/common';
import { type HealthIndicatorResult, HealthIndicatorService } from '@nestjs/terminus';
import { percentOf, progressWords } from '../model-manager/progress-words.js';
import { ModelManager } from '../model-manager/model-manager.service.js';

/** Where the model's files are: found, still on their way, or not to be had. */
@Injectable()
export class ModelIndicator {
  constructor(
    private readonly indicators: HealthIndicatorService,
    private readonly models: ModelManager,
  ) {}

  resolved(): HealthIndicatorResult {
    const { progress } = this.models;
    const { state, bytesDone, bytesTotal, rate, secondsLeft, note, reason } = progress;
    const check = this.indicators.check('model');
    if (state === 'ready') return check.up({ state });
    return check.down({
      ...{ reason: reason ?? `the model is not there yet: ${progressWords(progress)}`, state, note },
      ...{ percent: percentOf(progress), bytes_done: bytesDone, bytes_total: bytesTotal },
      ...{ bytes_per_second: rounded(rate), seconds_left: rounded(secondsLeft) },
    });
  }
}

const rounded = (value: number | null): number | null => (value === null ? null : Math.round(value));
