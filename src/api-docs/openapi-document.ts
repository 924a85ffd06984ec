import { errorResponses } from './error-responses.js';
import type { DescribedRoute } from './described-routes.js';
import { refTo, type Schema, STRING } from './schema.js';

/** In Node since 21; TypeScript's library does not know it yet. */
const { rawJSON } = JSON as typeof JSON & { rawJSON: (text: string) => unknown };

const SECURITY_SCHEMES = {
  bearer: { type: 'http', scheme: 'bearer' },
  'x-api-key': { type: 'apiKey', in: 'header', name: 'x-api-key' },
};

/** The OpenAPI document of these routes, with the DTOs that they name. Throws where a route names a class without validators. */
export function openapiDocument(
  routes: readonly DescribedRoute[],
  dtos: ReadonlyMap<string, Schema>,
  version: string,
): Schema {
  const paths: Record<string, Record<string, Schema>> = {};
  for (const route of routes) (paths[route.path] ??= {})[route.method] = operation(route);
  return {
    openapi: '3.1.0',
    info: {
      title: 'nanochat server',
      version,
      description: 'nanochat checkpoints through the APIs of OpenAI, vLLM and Anthropic.',
      license: { name: 'MIT', identifier: 'MIT' },
    },
    servers: [{ url: '/' }],
    paths,
    security: [{ bearer: [] }, { 'x-api-key': [] }, {}], // the last: a server without keys asks nobody
    components: { schemas: reachable(paths, dtos), securitySchemes: SECURITY_SCHEMES },
  };
}

/** JSON.stringify rounds what is above 2^53; the end of the range of seeds is the only such number. */
export const documentText = (document: Schema): string =>
  JSON.stringify(document, (_name, value: unknown) => (value === 2 ** 63 ? rawJSON(String(2n ** 63n)) : value));

function operation({ method, path, description }: DescribedRoute): Schema {
  const { summary, tag, body, parameters = {}, answer, events, contentType = 'application/json' } = description;
  const bodies = body === undefined ? [] : [body].flat();
  const schema = bodies.length > 1 ? { anyOf: bodies.map(refTo) } : bodies.map(refTo)[0];
  return {
    operationId: `${method}${path.replace(/\W+/g, '_')}`,
    summary,
    tags: [tag],
    parameters: Object.entries(parameters).map(([name, of]) => ({ name, in: 'path', required: true, schema: of })),
    ...(schema === undefined ? {} : { requestBody: { required: true, content: { 'application/json': { schema } } } }),
    responses: {
      200: {
        description: events === undefined ? 'The answer.' : 'The answer; with `"stream": true` a stream of events.',
        content: {
          ...(answer === undefined ? {} : { [contentType]: { schema: answer } }),
          ...(events === undefined ? {} : { 'text/event-stream': streamOf(events) }),
        },
      },
      ...errorResponses(description),
    },
  };
}

/** 3.1 has no schema for the events of a stream, so that of their JSON stands beside that of the whole. */
const streamOf = (events: Schema): Schema => ({
  schema: {
    ...STRING,
    description: 'Server-sent events; each `data` is JSON as x-event-schema says, the last may be [DONE].',
  },
  'x-event-schema': events,
});

/** The classes that the paths name, those that these name, and so on. */
function reachable(from: unknown, dtos: ReadonlyMap<string, Schema>): Record<string, Schema> {
  const found: Record<string, Schema> = {};
  const visit = (value: unknown): void => {
    for (const [, name = ''] of JSON.stringify(value).matchAll(/"#\/components\/schemas\/(\w+)"/g)) {
      if (name in found) continue;
      const schema = dtos.get(name);
      if (schema === undefined) throw new Error(`the API's document names ${name}, which has no validators`);
      found[name] = schema;
      visit(schema);
    }
  };
  visit(from);
  return found;
}
