import type { FastifyInstance } from 'fastify';
import { RequestRecord } from './request-record.js';

export const OPENAI_VERSION = '2020-10-01';

/** For browsers: no answer is a page but /docs, which has a policy of its own. TLS ends before us, and so does HSTS. */
const SECURITY_HEADERS = Object.entries({
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  'referrer-policy': 'no-referrer',
  'cross-origin-resource-policy': 'same-origin',
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
});

/** Puts OpenAI's headers on every answer of whatever layer; a stream sends the ones already set on the raw response. */
export function addAnswerHeaders(server: FastifyInstance): void {
  server.addHook('onRequest', (request, reply, done) => {
    RequestRecord.open(request.raw, request.id, reply.raw);
    reply.raw.setHeader('x-request-id', request.id);
    reply.raw.setHeader('openai-version', OPENAI_VERSION);
    for (const [name, value] of SECURITY_HEADERS) reply.raw.setHeader(name, value);
    done();
  });
  server.addHook('onSend', (request, reply, _payload, done) => {
    reply.header('openai-processing-ms', String(RequestRecord.of(request.raw).elapsedMs));
    done();
  });
}
