import type { IncomingHttpHeaders } from 'node:http';
import type { FastifyInstance } from 'fastify';
import type { Settings } from '../config/settings.js';
import { invalidApiKey } from '../openai/error-catalogue.js';
import { RequestRecord } from '../openai/request-record.js';
import type { KeyRing } from './key-ring.js';
import { opensWithoutKey } from './without-key.decorator.js';

/** Refuses with 401, unread, what comes without a valid key: every route, also one that is not there, unless it is opened. */
export function addAuthentication(server: FastifyInstance, keys: KeyRing, settings: Settings): void {
  if (!keys.required) return;
  server.addHook('onRequest', (request, _reply, done) => {
    const presented = presentedKey(request.headers);
    const key = presented === null ? null : keys.find(presented);
    if (key !== null) RequestRecord.of(request.raw).identify(key);
    if (key !== null || opensWithoutKey(request.routeOptions.config, settings)) done();
    else done(invalidApiKey(presented === null));
  });
}

/** OpenAI's clients send `Authorization: Bearer`, Anthropic's `x-api-key`; either does everywhere. */
export function presentedKey(headers: IncomingHttpHeaders): string | null {
  const bearer = /^Bearer +(\S+) *$/i.exec(headers.authorization ?? '')?.[1];
  const header = headers['x-api-key'];
  return bearer ?? (typeof header === 'string' && header !== '' ? header : null);
}
