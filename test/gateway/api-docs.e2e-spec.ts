import { afterEach, describe, expect, it } from '@jest/globals';
import { Validator } from '@seriousme/openapi-schema-validator';
import { ServedGateway } from './served-gateway.js';

interface Operation {
  responses: Record<string, { content: Record<string, { schema: object }> }>;
}

interface Document {
  openapi: string;
  paths: Record<string, Record<string, Operation>>;
  components: { schemas: Record<string, { additionalProperties?: unknown; properties: Record<string, object> }> };
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
    const result = await new Validator().validate((await documentOf()) as object);
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
