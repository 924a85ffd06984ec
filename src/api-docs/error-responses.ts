import type { ApiRouteDescription } from './api-route.decorator.js';
import { objectOf, orNull, type Schema, STRING } from './schema.js';

const MEANINGS: Readonly<Record<number, string>> = {
  400: 'The request is wrong; `param` names the field.',
  401: 'The server has keys, and the request has none of them.',
  403: 'The Host header names a host that is not served.',
  404: 'There is no such model, or no such thing.',
  405: 'The route has other methods; `Allow` names them.',
  408: 'The request did not arrive in time.',
  413: 'The body is over the limit.',
  415: 'The body is not sent as application/json.',
  429: 'The server is busy, or the key over its limits; `Retry-After` says when to try again.',
  431: 'The headers are too large.',
  500: 'The server had an error.',
  501: 'The engine that serves here has no such thing.',
  504: 'The engine is too slow.',
  529: 'The server is busy; `Retry-After` says when to try again.',
  503: 'The model is not ready, the engine failed, or the server shuts down; `Retry-After` says when to try again.',
};

/** Before or beside any handler. */
const OF_ANY = [400, 401, 403, 405, 408, 431, 500];
const OF_A_BODY = [413, 415];
/** Of what the engine is asked for. */
export const OF_THE_ENGINE = [404, 429, 503];
/** External engines may keep their tokens to themselves. */
export const OF_TOKENS = [...OF_THE_ENGINE, 501];

export const OPENAI_ERROR: Schema = objectOf({
  error: objectOf({ message: STRING, type: STRING, param: orNull(STRING), code: orNull(STRING) }),
});

const RETRY_AFTER = { schema: { type: 'string' }, description: 'Seconds.' };

const RETRIED = [429, 503, 504, 529];

/** The errors of a route, by status. */
export function errorResponses(description: ApiRouteDescription): Schema {
  const { body, errors = [], errorBody = OPENAI_ERROR, failed = {} } = description;
  const statuses = new Set([
    ...OF_ANY,
    ...(body === undefined ? [] : OF_A_BODY),
    ...errors,
    ...Object.keys(failed).map(Number),
  ]);
  const responses = [...statuses]
    .toSorted((a, b) => a - b)
    .map((status) => [
      String(status),
      {
        description: MEANINGS[status] ?? 'An error.',
        content: { 'application/json': { schema: failed[status] ?? errorBody } },
        ...(RETRIED.includes(status) ? { headers: { 'Retry-After': RETRY_AFTER } } : {}),
      },
    ]);
  return Object.fromEntries(responses) as Schema;
}
