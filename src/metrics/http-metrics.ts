import { Injectable, type OnModuleInit } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { RequestRecord } from '../openai/request-record.js';
import { BoundedLabel } from './bounded-label.js';
import { MetricRegistry } from './metric-registry.js';

/** Answers by route and status, and refusals by code, whichever layer refused. A route is its pattern, never a client's path. */
@Injectable()
export class HttpMetrics implements OnModuleInit {
  private readonly answered;
  private readonly rejected;
  private readonly codes = new BoundedLabel();

  constructor(
    registry: MetricRegistry,
    private readonly host: HttpAdapterHost,
  ) {
    const labels = ['method', 'route', 'status'];
    this.answered = registry.counter({ name: 'http_requests_total', help: 'Requests that were answered', labels });
    const help = "Requests that got no answer but an error, by the error's code, else its status";
    this.rejected = registry.counter({ name: 'requests_rejected_total', help, labels: ['code'] });
  }

  onModuleInit(): void {
    const server = this.host.httpAdapter.getInstance<FastifyInstance>();
    server.addHook('onResponse', (request, reply, done) => {
      this.take(request, reply);
      done();
    });
  }

  private take(request: FastifyRequest, reply: FastifyReply): void {
    const status = reply.raw.statusCode;
    const route = request.is404 ? 'unknown' : (request.routeOptions.url ?? 'unknown');
    this.answered.inc({ method: request.method, route, status });
    if (status < 400) return;
    const code = RequestRecord.of(request.raw).fields['error_code'];
    // A probe that says no refuses nobody.
    if (!route.startsWith('/health'))
      this.rejected.inc({ code: this.codes.of(typeof code === 'string' ? code : `${status}`) });
  }
}
