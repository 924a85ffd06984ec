import type { FastifyInstance } from 'fastify';
import { RequestRecord } from '../openai/request-record.js';
import type { RateLimits } from './rate-limits.js';

/** Counts every POST of a caller, also one that is refused later, before its body is read. */
export function addRequestLimit(server: FastifyInstance, limits: RateLimits): void {
  server.addHook('onRequest', async (request) => {
    if (request.method !== 'POST') return;
    const record = RequestRecord.of(request.raw);
    record.tell(await limits.request(record.caller));
  });
}
