import type { FastifyInstance } from 'fastify';

const METHODS = 'GET, POST, DELETE';
const PREFLIGHT_SECONDS = '600';
/** What a page may read beside the few that any page may. */
const EXPOSED =
  'x-request-id, request-id, openai-processing-ms, retry-after, x-ratelimit-limit-requests, x-ratelimit-remaining-requests, ' +
  'x-ratelimit-reset-requests, x-ratelimit-limit-tokens, x-ratelimit-remaining-tokens, x-ratelimit-reset-tokens';

/**
 * Lets pages of these origins use the API (CORS); none where the list is empty. Never with cookies: who asks is known by a key.
 * On the raw response, as a stream sends nothing else.
 */
export function addCrossOrigin(server: FastifyInstance, origins: readonly string[]): void {
  if (origins.length === 0) return;
  const allowed = new Set(origins.map((origin) => origin.toLowerCase()));
  server.addHook('onRequest', (request, reply, done) => {
    const { origin, 'access-control-request-method': preflight } = request.headers;
    reply.raw.appendHeader('vary', 'Origin');
    if (origin === undefined || !(allowed.has('*') || allowed.has(origin.toLowerCase()))) {
      done();
      return;
    }
    reply.raw.setHeader('access-control-allow-origin', allowed.has('*') ? '*' : origin);
    if (request.method !== 'OPTIONS' || preflight === undefined) {
      reply.raw.setHeader('access-control-expose-headers', EXPOSED);
      done();
      return;
    }
    // A browser asks this without a key, of any route, and sends the headers that the page names.
    void reply
      .code(204)
      .headers({
        'access-control-allow-methods': METHODS,
        'access-control-allow-headers':
          request.headers['access-control-request-headers'] ?? 'authorization, content-type',
        'access-control-max-age': PREFLIGHT_SECONDS,
      })
      .send();
  });
}
