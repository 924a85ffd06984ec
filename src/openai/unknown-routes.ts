import type { FastifyInstance } from 'fastify';
import { methodNotAllowed, unknownRoute } from './error-catalogue.js';

const METHODS = ['GET', 'POST', 'DELETE'] as const;

/** Answers 404 or 405 before anything of the body is read or judged. */
export function addUnknownRoutes(server: FastifyInstance): void {
  server.addHook('onRequest', (request, _reply, done) => {
    if (!request.is404) {
      done();
      return;
    }
    const path = request.url.split('?', 1)[0]?.slice(0, 200) ?? '';
    const allowed = METHODS.filter((method) => server.findRoute({ url: path, method }) !== null);
    done(allowed.length > 0 ? methodNotAllowed(request.method, path, allowed) : unknownRoute(request.method, path));
  });
}
