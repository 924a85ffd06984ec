import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { freePort } from '../../src/python-engine/process/free-port.js';
import { DEADLINE_MS, GatewayProcess } from './gateway-process.js';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const TOKEN = 'the-token-of-this-engine';
const CHAT = {
  ...{ model: 'nanochat', temperature: 0, max_tokens: 24, seed: 5 },
  messages: [{ role: 'user' as const, content: 'Tell me a brief story about a fox.' }],
};

/** A server that knows nothing of the gateway, as an operator would run it. */
class Elsewhere {
  private child: ChildProcess | null = null;

  constructor(
    private readonly program: string,
    private readonly options: readonly string[],
    private readonly environment: Record<string, string> = {},
  ) {}

  start(): void {
    this.child = spawn(join(ROOT, '.venv', 'bin', this.program), this.options, {
      cwd: join(ROOT, 'python'),
      env: { ...process.env, ...this.environment },
      stdio: ['pipe', 'ignore', 'ignore'], // our engine leaves when its standard input ends
    });
  }

  async kill(): Promise<void> {
    const { child } = this;
    if (child === null || child.exitCode !== null || child.signalCode !== null) return;
    child.kill('SIGKILL');
    await once(child, 'exit');
  }
}

let engine: Elsewhere;
let gateway: GatewayProcess;

async function serve(made: Elsewhere, port: number, environment: Record<string, string> = {}): Promise<void> {
  engine = made;
  engine.start();
  const ENGINE_URLS = `http://127.0.0.1:${port}/v1`;
  gateway = await GatewayProcess.start({ ENGINE_URLS, MODEL: './no/such/model', ...environment });
}

const end = async (): Promise<void> => {
  await gateway.end();
  await engine.kill();
};

async function post(path: string, body: object): Promise<Record<string, unknown>> {
  const answer = await fetch(`${gateway.address}${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  expect(answer.status).toBe(200);
  return (await answer.json()) as Record<string, unknown>;
}

const create = (fields: object = {}) =>
  gateway.client.chat.completions.create({ ...CHAT, ...fields, stream: false as const });

/** The text of a stream, and the tokens that its usage counts. */
async function streamed(fields: object = {}): Promise<[text: string, tokens: number | undefined]> {
  const options = { stream: true, stream_options: { include_usage: true } } as const;
  let text = '';
  let tokens: number | undefined;
  for await (const { choices, usage } of await gateway.client.chat.completions.create({
    ...CHAT,
    ...fields,
    ...options,
  })) {
    text += choices[0]?.delta.content ?? '';
    tokens = usage?.completion_tokens ?? tokens;
  }
  return [text, tokens];
}

/** Killed in the middle of an answer, and started again. */
async function ejectedAndBack(fields: object): Promise<void> {
  const options = { ...CHAT, max_tokens: 400, temperature: 1.5, ...fields, stream: true } as const;
  const stream = await gateway.client.chat.completions.create(options);
  const reader = stream[Symbol.asyncIterator]();
  await reader.next();
  await engine.kill();
  const rest = async (): Promise<void> => {
    while (!(await reader.next()).done);
  };
  await expect(rest()).rejects.toThrow('can not be resumed');
  expect(await gateway.becomes(503)).toContain('"state":"ejected"');
  expect((await fetch(`${gateway.address}/health/live`)).status).toBe(200);
  engine.start();
  await gateway.becomes(200);
  expect((await create()).choices[0]?.message.content?.length).toBeGreaterThan(10);
}

describe('an engine of ours that runs elsewhere', () => {
  beforeAll(async () => {
    const port = await freePort('127.0.0.1', 0);
    const model = join(ROOT, 'models', 'embedded');
    const environment = { ENGINE_TOKEN: TOKEN, DTYPE: 'float32', BATCH_INVARIANT: 'on' };
    const options = ['-m', 'nanochat_engine', '--model', model, '--port', String(port)];
    await serve(new Elsewhere('python', options, environment), port, { ENGINE_API_KEY: TOKEN });
  }, DEADLINE_MS);

  afterAll(end, DEADLINE_MS);

  it('answers the same streamed and whole, with its usage, and knows its own limits', async () => {
    const whole = await create();
    const text = whole.choices[0]?.message.content ?? '';
    expect(text.length).toBeGreaterThan(10);
    expect(await streamed()).toEqual([text, whole.usage?.completion_tokens]);
    expect(await gateway.becomes(200)).toContain('"software":"nanochat-engine"');
    const { data } = await gateway.client.models.list();
    expect(data).toHaveLength(2);
    expect(data[0]).toMatchObject({ id: 'nanochat', max_model_len: expect.any(Number) as unknown });
  });

  it('completes prompts of text and of tokens, with several choices, and tells tokens', async () => {
    const { tokens } = await post('/tokenize', { prompt: 'The fox is' });
    const prompts = { model: 'nanochat', temperature: 0, max_tokens: 8, n: 2 };
    const ofText = await gateway.client.completions.create({ ...prompts, prompt: 'The fox is' });
    const ofTokens = await gateway.client.completions.create({ ...prompts, prompt: tokens as number[] });
    expect(ofText.choices).toHaveLength(2);
    expect(ofTokens.choices.map(({ text }) => text)).toEqual(ofText.choices.map(({ text }) => text));
    const bare = await post('/tokenize', { prompt: 'The fox is', add_special_tokens: false });
    expect(bare['tokens']).toEqual((tokens as number[]).slice(1));
    expect(await post('/detokenize', { tokens: bare['tokens'] })).toEqual({ prompt: 'The fox is' });
  });

  it('refuses by name what its OpenAI routes lack, and passes on what it refuses itself', async () => {
    await expect(create({ logprobs: true })).rejects.toMatchObject({ status: 400, param: 'logprobs' });
    await expect(create({ response_format: { type: 'json_object' } })).rejects.toMatchObject({
      ...{ status: 400, param: 'response_format' },
    });
    const messages = [{ role: 'user', content: 'fox '.repeat(1900) }];
    await expect(create({ messages, max_tokens: 4096 })).rejects.toMatchObject({
      ...{ status: 400, code: 'context_length_exceeded' },
    });
  });

  it(
    'is ejected when it is killed, and comes back when it is started again',
    () => ejectedAndBack({ n: 4 }),
    DEADLINE_MS,
  );
});

describe('a server of another project, transformers serve,', () => {
  let folder: string;

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'tiny-llama-'));
    const port = await freePort('127.0.0.1', 0);
    execFileSync(join(ROOT, '.venv', 'bin', 'python'), [
      join(ROOT, 'python', 'tests', 'gateway', 'tiny_llama.py'),
      folder,
    ]);
    const options = ['serve', folder, '--device', 'cpu', '--host', '127.0.0.1', '--port', String(port)];
    await serve(new Elsewhere('transformers', options, { HF_HUB_OFFLINE: '1' }), port);
  }, DEADLINE_MS);

  afterAll(async () => {
    await end();
    rmSync(folder, { recursive: true, force: true });
  }, DEADLINE_MS);

  it('answers chats and completions, streamed and whole, with its own usage', async () => {
    expect(await gateway.becomes(200)).toContain('"software":"transformers"');
    const whole = await create();
    expect(whole.choices[0]?.finish_reason).toBe('length');
    expect(whole.usage).toMatchObject({ completion_tokens: 24, prompt_tokens: expect.any(Number) as unknown });
    expect(await streamed()).toEqual([whole.choices[0]?.message.content, 24]);
    const prompt = { model: 'nanochat', prompt: 'The fox is', temperature: 0, max_tokens: 8 };
    const completion = await gateway.client.completions.create(prompt);
    expect(completion.usage).toMatchObject({ prompt_tokens: 10, completion_tokens: 8 });
  });

  it('is asked for nothing that it lacks', async () => {
    await expect(create({ n: 2 })).rejects.toMatchObject({ status: 400, param: 'n' });
    await expect(create({ top_k: 3 })).rejects.toMatchObject({ status: 400, param: 'top_k' });
    const answer = await fetch(`${gateway.address}/tokenize`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: '{"prompt": "x"}',
    });
    expect(answer.status).toBe(501);
  });

  it('is ejected when it is killed, and comes back when it is started again', () => ejectedAndBack({}), DEADLINE_MS);
});
