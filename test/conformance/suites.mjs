// Every client and suite of the table: its program, the environment it runs in, and the servers it talks to.
const REAL = { engine: 'real' };
const FAKE = { engine: 'fake' };
/** Numbers that a float32 reference can be held against, one request at a time. */
const FLOAT32 = { engine: 'real', settings: { DTYPE: 'float32', MAX_RUNNING: '1' } };

const node = (program) => ({ runs: 'node', program, real: REAL, fake: FAKE });
const python = (environment, program, more = {}) => ({ runs: environment, program, real: REAL, fake: FAKE, ...more });

/** In the order in which they run: short ones first. `minutes` is how long one may take before it is ended. */
export const SUITES = {
  'openai-node': { title: 'OpenAI SDK, Node 7', ...node('openai.mjs') },
  'openai-python': { title: 'OpenAI SDK, Python 3, strict validation', ...python('clients', 'openai_sdk.py') },
  'ai-sdk': { title: "Vercel's AI SDK", ...node('ai-sdk.mjs') },
  'langchain-js': { title: 'LangChain JS', ...node('langchain.mjs') },
  'langchain-python': { title: 'LangChain Python', ...python('clients', 'langchain_client.py') },
  litellm: { title: 'LiteLLM', ...python('clients', 'litellm_client.py') },
  'anthropic-node': { title: 'Anthropic SDK, Node', ...node('anthropic.mjs') },
  'lm-eval': {
    title: 'lm-eval, local-completions',
    ...python('lm-eval', 'lm_eval_task.py', { real: FLOAT32, minutes: 20 }),
  },
  schemas: { title: 'Random JSON schemas', ...python('clients', 'schemas.py', { minutes: 60 }) },
  hostile: { title: 'Hostile schemas', ...python('clients', 'hostile.py', { minutes: 20 }) },
  schemathesis: { title: 'schemathesis', ...python('schemathesis', 'schemathesis_run.py', { minutes: 120 }) },
};
