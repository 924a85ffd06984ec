import type { FastifyInstance } from 'fastify';
import { RequestRecord } from '../openai/request-record.js';
import type { RateLimits } from './rate-limits.js';

/** Counts every POST of a caller, also one that is refused later, before its body is read. */
export function addRequestLimit(server: FastifyInstance, limits: RateLimits): void {
  server.addHook('onRequest', (request, _reply, done) => {
    const record = RequestRecord.of(request.raw);
    if (request.method !== 'POST' || !limits.counts('requests', record.caller)) {
      done();
      return;
    }
    limits.request(record.caller).then((headers) => {
      record.tell(headers);
      done();
    }, done);
  });
}
