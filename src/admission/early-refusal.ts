import type { FastifyInstance } from 'fastify';
import { RequestRecord } from '../openai/request-record.js';
import type { AdmissionQueue } from './admission.queue.js';

/** What goes through the queue. */
const GENERATIONS = new Set([
  ...['/v1/chat/completions', '/chat/completions', '/v1/completions', '/completions'],
  ...['/v1/responses', '/v1/messages'],
]);

/** Refuses what the queue would refuse whatever it asks for, before its body is read and checked: an overload must cost little. */
export function addEarlyRefusal(server: FastifyInstance, queue: AdmissionQueue): void {
  server.addHook('onRequest', (request, _reply, done) => {
    const generates = request.method === 'POST' && GENERATIONS.has(request.routeOptions.url ?? '');
    const refusal = generates ? queue.refusalOf(RequestRecord.of(request.raw).caller.name) : null;
    if (refusal === null) done();
    else done(refusal);
  });
}
