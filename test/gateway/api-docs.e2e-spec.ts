import { afterEach, describe, expect, it } from '@jest/globals';
import { PATH_METADATA } from '@nestjs/common/constants.js';
import { DiscoveryService, MetadataScanner } from '@nestjs/core';
import { Validator } from '@seriousme/openapi-schema-validator';
import { routeDescription } from '../../src/api-docs/api-route.decorator.js';
import { ServedGateway } from './served-gateway.js';

interface Operation {
  responses: Record<string, { content: Record<string, { schema: object }> }>;
}

interface Document {
  openapi: string;
  paths: Record<string, Record<string, Operation>>;
  components: {
    schemas: Record<string, { additionalProperties?: unknown; required: string[]; properties: Record<string, object> }>;
  };
}

let gateway: ServedGateway;

afterEach(() => gateway.close());

const start = async (environment: Record<string, string> = {}): Promise<void> => {
  gateway = await ServedGateway.start({}, environment, { ready: false });
};

const documentOf = async (): Promise<Document> =>
  (await (await fetch(`${gateway.address}/openapi.json`)).json()) as Document;

describe('/openapi.json', () => {
  it('is a valid OpenAPI 3.1 document', async () => {
    await start();
    const result = await new Validator().validate((await documentOf()) as unknown as Record<string, unknown>);
    expect(result.errors).toBeUndefined();
    expect(result.valid).toBe(true);
    expect((await documentOf()).openapi).toBe('3.1.0');
  });

  it('describes the probes, the models and itself, each with its errors', async () => {
    await start();
    const { paths } = await documentOf();
    for (const path of ['/health', '/health/live', '/v1/models', '/models/{name}', '/openapi.json', '/docs']) {
      expect(Object.keys(paths)).toContain(path);
      expect(Object.keys(paths[path]!['get']!.responses)).toEqual(expect.arrayContaining(['200', '400', '403', '500']));
    }
    expect(Object.keys(paths['/v1/models/{name}']!['get']!.responses)).toContain('404');
    expect(Object.keys(paths['/health/ready']!['get']!.responses)).toContain('503');
  });

  it('states the bounds of a field as the server holds them, settings and all', async () => {
    await start({ MAX_MESSAGES: '7', MAX_TOTAL_CHARS: '99' });
    const { components } = await documentOf();
    const { CompletionDto: completion, ChatCompletionDto: chat } = components.schemas;
    expect(completion!.additionalProperties).toBe(false);
    expect(completion!.properties).toMatchObject({
      max_tokens: { type: ['integer', 'null'], minimum: 0, maximum: 4096 },
      top_p: { type: ['number', 'null'], exclusiveMinimum: 0, maximum: 1 },
      stop_token_ids: { type: ['array', 'null'], items: { type: 'integer', minimum: 0 }, maxItems: 64 },
      stop: {
        anyOf: [
          {
            anyOf: [
              { type: 'string', maxLength: 64 },
              { type: 'array', maxItems: 4 },
            ],
          },
          { type: 'null' },
        ],
      },
      best_of: { minimum: 1, maximum: 8 },
      suffix: { enum: ['', null] },
      calculator: { type: ['boolean', 'null'], enum: [false, null] },
      prompt: { anyOf: [{ type: 'string', maxLength: 99 }, { maxItems: 99 }, { maxItems: 128 }, { maxItems: 128 }] },
      stream_options: { anyOf: [{ $ref: '#/components/schemas/StreamOptionsDto' }, { type: 'null' }] },
    });
    expect(completion!.required.toSorted()).toEqual(['model', 'prompt']);
    expect(chat!.properties).toMatchObject({
      messages: { maxItems: 7, minItems: 1, items: { $ref: '#/components/schemas/ChatMessageDto' } },
      max_tokens: { minimum: 1 },
    });
    expect(await (await fetch(`${gateway.address}/openapi.json`)).text()).toContain(
      '"exclusiveMaximum":9223372036854775808',
    );
  });

  it('describes the stream and every status of what the engine answers', async () => {
    await start();
    const { paths } = await documentOf();
    for (const path of ['/v1/completions', '/completions', '/v1/chat/completions', '/v1/responses']) {
      const { responses } = paths[path]!['post']!;
      expect(Object.keys(responses)).toEqual([
        '200',
        '400',
        '401',
        '403',
        '404',
        '405',
        '408',
        '413',
        '415',
        '429',
        '431',
        '500',
        '503',
      ]);
      expect(Object.keys(responses['200']!.content)).toEqual(['application/json', 'text/event-stream']);
      expect(responses['200']!.content['text/event-stream']).toMatchObject({ 'x-event-schema': { type: 'object' } });
    }
  });

  it('leaves no route of any controller out', async () => {
    await start();
    const [discovery, scanner] = [gateway.app.get(DiscoveryService), gateway.app.get(MetadataScanner)];
    const undescribed = discovery.getControllers().flatMap(({ instance, name }) => {
      const prototype = Object.getPrototypeOf(instance) as Record<string, object>;
      return scanner
        .getAllMethodNames(prototype)
        .filter((method) => Reflect.hasMetadata(PATH_METADATA, prototype[method]!))
        .filter((method) => routeDescription(prototype[method]!) === null)
        .map((method) => `${String(name)}.${method}`);
    });
    expect(undescribed).toEqual([]);
  });

  it('is not served where API_DOCS is off, nor is the page', async () => {
    await start({ API_DOCS: 'false' });
    for (const path of ['/openapi.json', '/docs', '/docs/start.js']) {
      const answer = await fetch(`${gateway.address}${path}`);
      expect([path, answer.status]).toEqual([path, 404]);
    }
  });
});

describe('/docs', () => {
  it('is a page whose files all come from here', async () => {
    await start();
    const answer = await fetch(`${gateway.address}/docs`);
    const page = await answer.text();
    expect(answer.headers.get('content-type')).toMatch(/^text\/html/);
    expect(answer.headers.get('content-security-policy')).toContain("connect-src 'self'");
    expect(page).not.toMatch(/https?:\/\//);
    const files = [...page.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, file]) => file!);
    expect(files.length).toBeGreaterThan(2);
    for (const file of files) {
      const asset = await fetch(`${gateway.address}${file}`);
      expect([file, asset.status]).toEqual([file, 200]);
      expect((await asset.arrayBuffer()).byteLength).toBeGreaterThan(20);
    }
  });

  it('has no file but its own', async () => {
    await start();
    for (const file of ['package.json', '..%2fpackage.json', 'constructor', 'swagger-ui.css.map']) {
      const answer = await fetch(`${gateway.address}/docs/${file}`);
      expect(answer.status).toBe(404);
      expect(await answer.json()).toMatchObject({ error: { type: 'invalid_request_error' } });
    }
  });
});
