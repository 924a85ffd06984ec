import type { FastifyInstance } from 'fastify';
import { invalidJson, jsonTooDeep } from './error-catalogue.js';
import { deeperThan } from './json-depth.js';

/** What only secure-json-parse may judge: `__proto__`, also in escapes, and a byte order mark. Looking for it costs more than the parse. */
const SUSPECT = /^\uFEFF|__proto__|\\u/;

/** JSON is the only body taken: any other type, which a foreign page could send unasked, is 415. */
export function addJsonBody(server: FastifyInstance, depthLimit: number): void {
  const parse = server.getDefaultJsonParser('error', 'ignore');
  server.removeAllContentTypeParsers();
  server.addContentTypeParser<string>('application/json', { parseAs: 'string' }, (request, text, done) => {
    const take = (error: Error | null, body: unknown): void => {
      if (error === null) done(null, exactSeed(text, body));
      else done(invalidJson());
    };
    // OpenAI's Python SDK names the type on a DELETE without a body; a route that needs one refuses its absence.
    if (text === '') done(null, undefined);
    else if (deeperThan(text, depthLimit)) done(jsonTooDeep(depthLimit));
    else if (SUSPECT.test(text)) void parse(request, text, take);
    else {
      let body: unknown;
      try {
        body = JSON.parse(text);
      } catch {
        done(invalidJson());
        return;
      }
      done(null, exactSeed(text, body));
    }
  });
}

/** A seed beyond 2^53 would be rounded by JSON.parse: it is read again, digit by digit, as a bigint. */
export function exactSeed(text: string, body: unknown): unknown {
  if (typeof body !== 'object' || body === null || !('seed' in body)) return body;
  if (typeof body.seed !== 'number' || !Number.isInteger(body.seed) || Number.isSafeInteger(body.seed)) return body;
  const sources = new Map<unknown, string | undefined>();
  let source: string | undefined;
  JSON.parse(text, function (this: unknown, key: string, value: unknown, context?: { source?: string }) {
    if (key === 'seed') sources.set(this, context?.source);
    if (key === '') source = sources.get(value); // the root comes last: it holds the seed that counts
    return value;
  } as (this: unknown, key: string, value: unknown) => unknown);
  if (source !== undefined && /^-?\d+$/.test(source)) Object.assign(body, { seed: BigInt(source) });
  return body;
}
