import { Controller, Get, Header, Res, ServiceUnavailableException } from '@nestjs/common';
import {
  HealthCheck,
  type HealthCheckResult,
  HealthCheckService,
  type HealthIndicatorFunction,
} from '@nestjs/terminus';
import type { FastifyReply } from 'fastify';
import { ApiRoute } from '../api-docs/api-route.decorator.js';
import { WithoutKey } from '../auth/without-key.decorator.js';
import { DrainIndicator } from './drain.indicator.js';
import { ModelIndicator } from './model.indicator.js';
import { probe } from './probe-answer.js';
import { WorkersIndicator } from './workers.indicator.js';

const RETRY_AFTER_SECONDS = '2';

/** The probes. A failed one answers 503 with the reason in one line and the states in full. */
@Controller('health')
export class HealthController {
  constructor(
    private readonly health: HealthCheckService,
    private readonly workers: WorkersIndicator,
    private readonly model: ModelIndicator,
    private readonly drain: DrainIndicator,
  ) {}

  @ApiRoute(probe('Whether the server runs and its engine can come back'))
  @WithoutKey()
  @Get('live')
  @HealthCheck()
  @Header('cache-control', 'no-store')
  live(@Res() reply: FastifyReply): Promise<void> {
    return this.answer(reply, [() => this.workers.notAllFailed()]);
  }

  @ApiRoute(probe('Whether a request would be served now'))
  @WithoutKey()
  @Get(['', 'ready'])
  @HealthCheck()
  @Header('cache-control', 'no-store')
  ready(@Res() reply: FastifyReply): Promise<void> {
    return this.answer(reply, [
      () => this.drain.notDraining(),
      () => this.model.resolved(),
      () => this.workers.ready(),
    ]);
  }

  @ApiRoute(probe('Whether the model has been ready once'))
  @WithoutKey()
  @Get('startup')
  @HealthCheck()
  @Header('cache-control', 'no-store')
  startup(@Res() reply: FastifyReply): Promise<void> {
    return this.answer(reply, [() => this.model.resolved(), () => this.workers.everReady()]);
  }

  private async answer(reply: FastifyReply, checks: HealthIndicatorFunction[]): Promise<void> {
    try {
      await reply.send(await this.health.check(checks));
    } catch (failure) {
      if (!(failure instanceof ServiceUnavailableException)) throw failure;
      const result = failure.getResponse() as HealthCheckResult;
      await reply
        .status(503)
        .header('retry-after', RETRY_AFTER_SECONDS)
        .send({ reason: reasonOf(result), ...result });
    }
  }
}

function reasonOf({ error }: HealthCheckResult): string {
  const reasons = Object.values(error ?? {}).map((down) => down?.['reason'] as unknown);
  return reasons.filter((reason) => typeof reason === 'string').join('; ');
}
