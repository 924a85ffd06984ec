import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

/** What the page needs of the package, with its types; nothing comes from elsewhere. */
const ASSETS: Readonly<Record<string, string>> = {
  'swagger-ui.css': 'text/css; charset=utf-8',
  'swagger-ui-bundle.js': 'text/javascript; charset=utf-8',
  'favicon-32x32.png': 'image/png',
};

const folder = dirname(createRequire(import.meta.url).resolve('swagger-ui-dist/package.json'));

export interface Asset {
  type: string;
  body: string | Buffer;
}

const page = `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <title>nanochat server</title>
    <link rel="stylesheet" href="/docs/swagger-ui.css">
    <link rel="icon" type="image/png" href="/docs/favicon-32x32.png">
  </head>
  <body>
    <div id="page"></div>
    <script src="/docs/swagger-ui-bundle.js"></script>
    <script src="/docs/start.js"></script>
  </body>
</html>
`;

/** Without a validator's address the page would ask one on the internet. */
const start = `SwaggerUIBundle({ url: '/openapi.json', dom_id: '#page', deepLinking: true, validatorUrl: null });\n`;

/** Scripts and styles are the package's own; the page may ask nobody but us. */
export const CONTENT_SECURITY_POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; connect-src 'self'; base-uri 'none'; frame-ancestors 'none'";

export const swaggerPage: Asset = { type: 'text/html; charset=utf-8', body: page };

/** A file of the page; null for a name that is none of them. */
export async function swaggerAsset(name: string): Promise<Asset | null> {
  if (name === 'start.js') return { type: 'text/javascript; charset=utf-8', body: start };
  const type = Object.hasOwn(ASSETS, name) ? ASSETS[name] : undefined;
  return type === undefined ? null : { type, body: await readFile(join(folder, name)) };
}
