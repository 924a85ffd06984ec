import { Controller, Get, Res } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { ApiRoute } from '../api-docs/api-route.decorator.js';
import { WithoutKey } from '../auth/without-key.decorator.js';
import { MetricRegistry } from './metric-registry.js';

@Controller()
export class MetricsController {
  constructor(private readonly registry: MetricRegistry) {}

  @ApiRoute({
    summary: 'Measures, as Prometheus reads them',
    tag: 'Operations',
    answer: { type: 'string' },
    contentType: 'text/plain',
  })
  @WithoutKey('metricsPublic')
  @Get('metrics')
  async metrics(@Res() reply: FastifyReply): Promise<void> {
    const text = await this.registry.metrics();
    await reply.header('content-type', this.registry.contentType).header('cache-control', 'no-store').send(text);
  }
}
