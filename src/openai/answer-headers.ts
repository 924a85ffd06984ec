import type { FastifyInstance } from 'fastify';
import { RequestRecord } from './request-record.js';

export const OPENAI_VERSION = '2020-10-01';

/** Puts OpenAI's headers on every answer of whatever layer; a stream sends the ones already set on the raw response. */
export function addAnswerHeaders(server: FastifyInstance): void {
  server.addHook('onRequest', (request, reply, done) => {
    RequestRecord.open(request.raw, request.id);
    reply.raw.setHeader('x-request-id', request.id);
    reply.raw.setHeader('openai-version', OPENAI_VERSION);
    reply.raw.setHeader('x-content-type-options', 'nosniff');
    done();
  });
  server.addHook('onSend', (request, reply, _payload, done) => {
    reply.header('openai-processing-ms', String(RequestRecord.of(request.raw).elapsedMs));
    done();
  });
}
