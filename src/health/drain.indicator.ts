import { Injectable } from '@nestjs/common';
import { type HealthIndicatorResult, HealthIndicatorService } from '@nestjs/terminus';
import { Drain } from '../admission/drain.js';

/** Down from the first moment of a shutdown, while requests are still served. */
@Injectable()
export class DrainIndicator {
  constructor(
    private readonly indicators: HealthIndicatorService,
    private readonly drain: Drain,
  ) {}

  notDraining(): HealthIndicatorResult {
    const check = this.indicators.check('server');
    return this.drain.draining ? check.down({ reason: 'the server is shutting down' }) : check.up();
  }
}
