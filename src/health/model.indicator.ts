import { Injectable } from '@nestjs/common';
import { type HealthIndicatorResult, HealthIndicatorService } from '@nestjs/terminus';
import { ModelManager } from '../model-manager/model-manager.service.js';

/** Where the model's files are: found, still on their way, or not to be had. */
@Injectable()
export class ModelIndicator {
  constructor(
    private readonly indicators: HealthIndicatorService,
    private readonly models: ModelManager,
  ) {}

  resolved(): HealthIndicatorResult {
    const { state, bytesDone, bytesTotal, reason } = this.models.progress;
    const check = this.indicators.check('model');
    const percent = bytesTotal ? Math.floor((100 * bytesDone) / bytesTotal) : null;
    if (state === 'ready') return check.up({ state });
    return check.down({ reason: reason ?? `the model is ${state}`, state, percent });
  }
}
