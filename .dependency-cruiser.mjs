// The gateway's import rule: for each folder of src/, what it may import. Anything else is an error.
// Only app.module.ts and main.ts import every feature; APIs never import each other.
const api = ['generation', 'api-docs', 'python-engine', 'openai', 'config'];
const dialect = ['chat', ...api];
const may = {
  config: [],
  openai: [],
  'api-docs': ['auth', 'config', 'openai'],
  logging: ['config'],
  'model-manager': ['config'],
  'python-engine': ['config', 'openai', 'model-manager'],
  admission: ['config', 'openai'],
  auth: ['config', 'openai'],
  generation: ['api-docs', 'python-engine', 'admission', 'openai', 'config'],
  chat: ['generation', 'api-docs', 'python-engine', 'openai', 'config'],
  'chat-completions': dialect,
  responses: dialect,
  messages: dialect,
  completions: api,
  models: api,
  tokenize: dialect,
  'model-command': ['model-manager', 'python-engine', 'config'],
  health: ['auth', 'api-docs', 'python-engine', 'model-manager', 'config', 'admission'],
  metrics: ['api-docs', 'auth', 'generation', 'admission', 'python-engine', 'openai', 'config'],
  tracing: ['generation', 'python-engine', 'openai', 'config'],
};

const rooms = Object.entries(may).map(([room, allowed]) => ({
  name: `${room}-imports`,
  comment: `src/${room} may import ${allowed.join(', ') || 'no other folder'}`,
  severity: 'error',
  from: { path: `^src/${room}/` },
  to: { path: '^src/', pathNot: `^src/(${[room, ...allowed].join('|')})/` },
}));

/** @type {import('dependency-cruiser').IConfiguration} */
export default {
  forbidden: [
    ...rooms,
    {
      name: 'unknown-room',
      comment: 'A new folder of src/ needs a row in the table above before it imports anything of src/',
      severity: 'error',
      from: { path: '^src/[^/]+/', pathNot: `^src/(${Object.keys(may).join('|')})/` },
      to: { path: '^src/' },
    },
    {
      name: 'no-cycles',
      severity: 'error',
      from: {},
      to: { circular: true },
    },
    {
      name: 'no-barrels',
      comment: 'An index.ts hides who imports what',
      severity: 'error',
      from: {},
      to: { path: '^src/.*index\\.ts$' },
    },
    {
      name: 'no-dumps',
      comment: 'Name the noun: no utils, helpers, common or shared',
      severity: 'error',
      from: {},
      to: { path: '^src/.*(utils|helpers?|common|shared|misc)(/|\\.ts$)' },
    },
    {
      name: 'processes-in-python-engine-only',
      comment: 'child_process and execa belong to src/python-engine',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/python-engine/|\\.spec\\.ts$' }, // a spec may spawn real programs
      to: { path: '^((node:)?child_process|node_modules/execa/)' },
    },
    {
      name: 'http-in-two-rooms-only',
      comment: 'undici belongs to src/python-engine (the engine) and src/model-manager/hub (proxies to the Hub)',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/(python-engine|model-manager/hub)/' },
      to: { path: '^node_modules/undici/' },
    },
    {
      name: 'hub-in-model-manager-only',
      comment: "The Hub's library is known to src/model-manager/hub alone",
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/model-manager/hub/' },
      to: { path: '^node_modules/@huggingface/' },
    },
    {
      name: 'redis-in-admission-only',
      comment: 'Limits are counted in src/admission',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/admission/' },
      to: { path: '^node_modules/(ioredis|rate-limiter-flexible)/' },
    },
    {
      name: 'no-tests-in-the-product',
      severity: 'error',
      from: { path: '^src/', pathNot: '\\.spec\\.ts$' },
      to: { path: '(\\.spec\\.ts$|^test/)' },
    },
    {
      name: 'runtime-needs-dependencies',
      comment: 'What the product imports is a dependency, not a development one',
      severity: 'error',
      from: { path: '^src/', pathNot: '\\.spec\\.ts$' },
      to: { dependencyTypes: ['npm-dev', 'npm-no-pkg', 'npm-unknown', 'unknown'], dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'not-resolvable',
      severity: 'error',
      from: {},
      to: { couldNotResolve: true },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'node', 'default', 'types'],
    },
  },
};
