import { Logger } from '@nestjs/common';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { isRoutine } from './probes.js';
import { RequestRecord } from './request-record.js';

const TRACEPARENT = /^[0-9a-f]{2}-([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}(-|$)/;

/** One line at the end of each request, answered or abandoned; probes and scrapes, which come every few seconds, at debug. */
export function addRequestLog(server: FastifyInstance): void {
  const logger = new Logger('Request');
  server.addHook('onRequest', (request, reply, done) => {
    // A turn later, so that whoever heard of the end together with us has noted it.
    reply.raw.once('close', () => setImmediate(write, request, reply));
    done();
  });

  function write(request: FastifyRequest, reply: FastifyReply): void {
    const record = RequestRecord.of(request.raw);
    const trace = TRACEPARENT.exec(String(request.headers['traceparent']))?.[1];
    const line = {
      message: `${request.method} ${pathOf(request.url)}`,
      request_id: record.requestId,
      ...(trace === undefined ? {} : { trace_id: trace }),
      status: reply.raw.headersSent ? reply.raw.statusCode : null,
      aborted: !reply.raw.writableFinished,
      duration_ms: record.elapsedMs,
      ...record.fields,
    };
    if (isRoutine(request.url)) logger.debug(line);
    else logger.log(line);
  }
}

/** Without the query, which may carry what is nobody's business, and not of any length. */
function pathOf(url: string): string {
  return url.split('?', 1)[0]?.slice(0, 200) ?? '';
}
