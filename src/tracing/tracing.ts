import type { OnApplicationShutdown, OnModuleInit } from '@nestjs/common';
import type { HttpAdapterHost } from '@nestjs/core';
import { type Span, SpanKind, SpanStatusCode, trace, type Tracer } from '@opentelemetry/api';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Settings } from '../config/settings.js';
import type { GenerationRecord } from '../generation/generation-record.js';
import type { Begun, GenerationService } from '../generation/generation.service.js';
import { isRoutine } from '../openai/probes.js';
import { RequestRecord } from '../openai/request-record.js';
import { answerAttributes, operationOf, requestAttributes } from './generation-attributes.js';
import { contextOf, traceparentOf } from './trace-parent.js';
import { createTracer, type TracerOfServer } from './tracer.js';

/**
 * One trace a request: the HTTP request, the generation in it, and in that the queue, prefill and decode. The last three
 * are drawn at the generation's end from the times that its record has, so that a token costs nothing more.
 */
export class Tracing implements OnModuleInit, OnApplicationShutdown {
  private readonly requests = new WeakMap<RequestRecord, Span>();
  private readonly generations = new WeakMap<GenerationRecord, Span>();
  private own: TracerOfServer | null = null;

  constructor(
    private readonly settings: Settings,
    private readonly host: HttpAdapterHost,
    private readonly generation: GenerationService,
  ) {}

  async onModuleInit(): Promise<void> {
    this.own = await createTracer(this.settings);
    const { tracer } = this.own;
    this.generation.begun$.subscribe((begun) => this.begin(tracer, begun));
    this.generation.ended$.subscribe((record) => this.end(tracer, record));
    this.host.httpAdapter.getInstance<FastifyInstance>().addHook('onRequest', (request, reply, done) => {
      if (!isRoutine(request.url)) this.open(tracer, request, reply);
      done();
    });
  }

  async onApplicationShutdown(): Promise<void> {
    await this.own?.stop().catch(() => {}); // a collector that is gone keeps nobody here
  }

  private open(tracer: Tracer, request: FastifyRequest, reply: FastifyReply): void {
    const route = request.is404 ? null : (request.routeOptions.url ?? null);
    const attributes = {
      'http.request.method': request.method,
      'url.path': request.url.split('?', 1)[0]?.slice(0, 200) ?? '',
      'url.scheme': 'http',
      ...(route === null ? {} : { 'http.route': route }),
    };
    const name = route === null ? request.method : `${request.method} ${route}`;
    const span = tracer.startSpan(
      name,
      { kind: SpanKind.SERVER, attributes },
      contextOf(request.headers['traceparent']),
    );
    this.requests.set(RequestRecord.of(request.raw), span);
    reply.raw.once('close', () => {
      const { statusCode: status, headersSent } = reply.raw;
      if (headersSent) span.setAttribute('http.response.status_code', status);
      if (status >= 500) span.setStatus({ code: SpanStatusCode.ERROR }).setAttribute('error.type', String(status));
      span.end();
    });
  }

  private begin(tracer: Tracer, { record, request }: Begun): void {
    const parent = record.request === null ? undefined : this.requests.get(record.request);
    const span = tracer.startSpan(
      `${operationOf(request)} ${record.model}`,
      { kind: SpanKind.CLIENT, attributes: requestAttributes(record, request), startTime: wall(record.bornAt) },
      parent === undefined ? contextOf(undefined) : trace.setSpan(contextOf(undefined), parent),
    );
    this.generations.set(record, span);
    record.traceparent = traceparentOf(span.spanContext());
  }

  private end(tracer: Tracer, record: GenerationRecord): void {
    const span = this.generations.get(record);
    if (span === undefined) return;
    const { bornAt, startedAt, firstTokenAt, lastTokenAt } = record;
    const endedAt = record.endedAt ?? performance.now();
    const within = trace.setSpan(contextOf(undefined), span);
    const part = (name: string, from: number, to: number): void =>
      tracer.startSpan(name, { startTime: wall(from) }, within).end(wall(to));
    part('queue', bornAt, startedAt ?? endedAt);
    if (startedAt !== null) part('prefill', startedAt, firstTokenAt ?? endedAt);
    if (firstTokenAt !== null) part('decode', firstTokenAt, lastTokenAt ?? endedAt);
    span.setAttributes(answerAttributes(record));
    if (record.outcome !== 'finished') span.setStatus({ code: SpanStatusCode.ERROR });
    span.end(wall(endedAt));
  }
}

/** Milliseconds since 1970 of a moment of `performance.now()`. */
const wall = (moment: number): number => performance.timeOrigin + moment;
