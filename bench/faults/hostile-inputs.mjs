// What a hostile client may send: each entry is a name, the bytes, and the statuses that are a clear answer.
const CHAT = { model: 'nanochat', messages: [{ role: 'user', content: 'Hello' }], max_tokens: 2 };
const TYPE = 'content-type: application/json';
const PATH = '/v1/chat/completions';

/** A request as bytes. */
export function http(method, path, { headers = [TYPE], body = '', host = 'localhost' } = {}) {
  const content = Buffer.from(body);
  const length = method === 'GET' && content.length === 0 ? [] : [`content-length: ${content.length}`];
  const head = [`${method} ${path} HTTP/1.1`, `host: ${host}`, 'connection: close', ...headers, ...length];
  return Buffer.concat([Buffer.from(`${head.join('\r\n')}\r\n\r\n`, 'latin1'), content]);
}

const json = (more) => http('POST', PATH, { body: JSON.stringify({ ...CHAT, ...more }) });
const text = (body) => http('POST', PATH, { body });
const typed = (type) => http('POST', PATH, { headers: [`content-type: ${type}`], body: JSON.stringify(CHAT) });
/** A chat whose field has this text of JSON, which JSON.stringify would not write. */
const field = (name, source) => text(`${JSON.stringify(CHAT).slice(0, -1)},"${name}":${source}}`);
const message = (content) => json({ messages: [{ role: 'user', content }] });
const refused = (name, bytes, ...statuses) => ({ name, bytes, statuses: statuses.length > 0 ? statuses : [400] });

/** What the engine alone can judge. */
const byEngine = (input) => ({ ...input, byEngine: true });

const NUMBERS = [
  '1e308',
  '1e999',
  '-1',
  '0',
  '9007199254740993',
  '99999999999999999999999999',
  '0.5',
  '"5"',
  'true',
  '[1]',
  '{}',
];
const numbers = ['max_tokens', 'n', 'top_k', 'min_tokens', 'top_logprobs'].flatMap((name) =>
  // What some of them are for some fields is allowed: 0 tokens at least, no top_k.
  NUMBERS.map((source) =>
    refused(
      `${name} ${source}`,
      field(name, source),
      400,
      ...(source === '0' ? [200] : []),
      ...(name === 'top_k' && source === '-1' ? [200] : []),
    ),
  ),
);
const floats = ['temperature', 'top_p', 'min_p', 'presence_penalty', 'repetition_penalty'].flatMap((name) =>
  ['1e308', '-1e308', '1e999', '"0.5"', 'true'].map((source) => refused(`${name} ${source}`, field(name, source))),
);

const many = (count, of) => Object.fromEntries(Array.from({ length: count }, (_, index) => [of(index), 1]));
const biases = [
  many(301, String),
  { abc: 1 },
  { '-1': 1 },
  { 5: 1000 },
  { 5: '1' },
  { 99999999999: 1 },
  { '1e3': 1 },
  [1],
  'x',
];
const stops = [['a', 'b', 'c', 'd', 'e'], [''], ['x'.repeat(65)], 'x'.repeat(10_000), 5, [5], [['a']], {}];
const bodies = [
  '',
  '{',
  'null',
  '[]',
  '"x"',
  '5',
  '{"a"}',
  `{"messages":[{"role":"user","content":"\u0001"}]}`,
  '{"__proto__":{"model":"x"}}',
  '{"constructor":{}}',
];
const schema = (value) => json({ response_format: { type: 'json_schema', json_schema: { name: 'x', schema: value } } });
const nested = (levels, inner = {}) =>
  levels === 0 ? inner : { type: 'object', properties: { a: nested(levels - 1, inner) } };
const utf8 = [
  [0xff, 0xfe],
  [0xc0, 0x80],
  [0xed, 0xa0, 0x80],
  [0xf8, 0x88, 0x80, 0x80, 0x80],
  [0xe2, 0x82],
];
const paths = [
  ...[
    '/../../etc/passwd',
    '/v1/../../etc/passwd',
    '/%2e%2e/%2e%2e/etc/passwd',
    '/v1/models/..%2f..%2f..%2fetc%2fpasswd',
  ],
  ...['/docs/../../.env', '/docs/..%2f..%2f.env', '/%00', '/v1/models/%ff', '/v1/%', '/..;/metrics', '//etc/passwd'],
  ...['/v1/models/..%5c..%5cboot.ini', `/${'a/'.repeat(2000)}`, '/.env', '/.git/config'],
];

export const INPUTS = [
  ...numbers,
  ...floats,
  ...['1e400', '-99999999999999999999', '0.5', '"1"'].map((source) => refused(`seed ${source}`, field('seed', source))),
  ...biases.map((bias, index) => refused(`logit_bias ${index}`, json({ logit_bias: bias }))),
  ...stops.map((stop, index) => refused(`stop ${index}`, json({ stop }))),
  refused('stop: half a character', field('stop', '"\\ud800"')),
  refused('content: half a character', text('{"model":"nanochat","messages":[{"role":"user","content":"\\ud800"}]}')),
  ...bodies.map((body) => refused(`body ${body.slice(0, 20)}`, text(body))),
  refused('deep JSON', text('['.repeat(500_000))),
  refused('deep objects', text('{"a":'.repeat(100_000))),
  refused('deep JSON that closes', text(`{"messages":${'['.repeat(10_000)}${']'.repeat(10_000)}}`)),
  refused('a deep schema', schema(nested(100))),
  refused('a schema that refers to itself alone', schema({ $ref: '#' }), 400, 200),
  byEngine(refused('a schema of hostile patterns', schema({ type: 'string', pattern: '(a+)+(b{0,1000}){0,1000}' }))),
  byEngine(
    refused('a grammar that is none', json({ structured_outputs: { grammar: 'start: start start |'.repeat(100) } })),
  ),
  refused(
    'a hostile regular expression',
    json({ structured_outputs: { regex: '(.{0,500}){0,500}'.repeat(20) } }),
    400,
    200,
  ),
  ...utf8.map((bytes, index) => ({
    name: `bad UTF-8 ${index}`,
    bytes: http('POST', PATH, {
      body: Buffer.concat([
        Buffer.from(JSON.stringify(CHAT).slice(0, -1)),
        Buffer.from(',"user":"'),
        Buffer.from(bytes),
        Buffer.from('"}'),
      ]),
    }),
    statuses: [200, 400],
  })),
  ...[
    'text/plain',
    'application/x-www-form-urlencoded',
    'multipart/form-data; boundary=x',
    'application/jsonp',
    'application',
    '',
    '\u00ff',
  ].map((type) => refused(`content type ${type}`, typed(type), 415, 400)),
  refused('no content type', http('POST', PATH, { headers: [], body: JSON.stringify(CHAT) }), 415),
  ...paths.map((path) => refused(`path ${path.slice(0, 40)}`, http('GET', path, { headers: [] }), 404, 400)),
  refused('a long path', http('GET', `/${'a'.repeat(20_000)}`, { headers: [] }), 431, 414, 404),
  refused('a long header', http('GET', '/v1/models', { headers: [`x-long: ${'a'.repeat(20_000)}`] }), 431),
  refused(
    'many headers',
    http('GET', '/v1/models', { headers: Array.from({ length: 300 }, (_, i) => `x-${i}: ${'a'.repeat(100)}`) }),
    431,
  ),
  refused('another host', http('GET', '/v1/models', { headers: [], host: 'evil.example' }), 403),
  refused(
    'a header with a bare line feed',
    Buffer.from('GET /v1/models HTTP/1.1\r\nhost: localhost\nx: y\r\n\n\r\n'),
    400,
    200,
  ),
  refused(
    'both lengths',
    http('POST', PATH, { headers: [TYPE, 'transfer-encoding: chunked'], body: JSON.stringify(CHAT) }),
  ),
  refused(
    'a negative length',
    Buffer.from(`POST ${PATH} HTTP/1.1\r\nhost: localhost\r\n${TYPE}\r\ncontent-length: -5\r\n\r\n`),
  ),
  refused(
    'a length that says more than there may be',
    Buffer.from(`POST ${PATH} HTTP/1.1\r\nhost: localhost\r\n${TYPE}\r\ncontent-length: 99999999999\r\n\r\n`),
    413,
    400,
  ),
  refused('no HTTP', Buffer.from([0x16, 0x03, 0x01, 0x02, 0x00, 0x01, 0x00, 0x01, 0xfc, 0x03, 0x03])),
  refused('a method that is none', http('FOO', PATH)),
  ...['PUT', 'PATCH', 'DELETE', 'TRACE'].map((method) => refused(`method ${method}`, http(method, PATH), 405, 404)),
  refused(
    'an expectation',
    http('POST', PATH, { headers: [TYPE, 'expect: miracles'], body: JSON.stringify(CHAT) }),
    417,
    400,
  ),
  refused(
    '10 MB of messages',
    json({ messages: Array.from({ length: 500 }, () => ({ role: 'user', content: 'x'.repeat(20_000) })) }),
    413,
  ),
  refused('too many messages', json({ messages: Array.from({ length: 501 }, () => ({ role: 'user', content: 'x' })) })),
  refused('a long message', message('x'.repeat(8_001))),
  refused('as many characters as a body holds', message('x'.repeat(900_000))),
  byEngine(refused('a prompt beyond the context', message('a z '.repeat(1_999)))),
  refused(
    'too many tools',
    json({ tools: Array.from({ length: 129 }, (_, i) => ({ type: 'function', function: { name: `f${i}` } })) }),
  ),
  refused('a foreign model', json({ model: '../../etc/passwd' }), 404, 400),
  refused('a long model', json({ model: 'x'.repeat(100_000) }), 404, 400),
  refused('unknown roles', json({ messages: [{ role: '__proto__', content: 'x' }] })),
  byEngine(refused('ids beyond the vocabulary', http('POST', '/detokenize', { body: '{"tokens":[2147483647]}' }))),
  refused('a request id', http('GET', '/v1/models', { headers: [`x-request-id: ${'"<script>'.repeat(50)}`] }), 200),
];

/** Chunked, without an end: `more` is sent again and again. */
export const endless = (more) => ({
  head: Buffer.from(`POST ${PATH} HTTP/1.1\r\nhost: localhost\r\n${TYPE}\r\ntransfer-encoding: chunked\r\n\r\n`),
  more: more === '' ? null : Buffer.from(`${more.length.toString(16)}\r\n${more}\r\n`),
});

export const DUPLICATES =
  '{"model":"nanochat","messages":[{"role":"user","content":"Hello"}],"ignore_eos":true,"max_tokens":5,"max_tokens":2}';
export const ENGINE_DUPLICATES =
  '{"prompt":"Hello","sampling":{"max_tokens":9,"ignore_eos":true},"sampling":{"ignore_eos":true,"max_tokens":5,"max_tokens":2}}';
