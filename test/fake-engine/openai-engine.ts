import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

interface Script {
  /** By which software it takes itself for: vllm, llamacpp, or anything else. */
  ownedBy: string;
  version: string;
  model: string;
  reply: string;
  tokenDelayMs: number;
  apiKey: string | null;
  /** Of a generation, instead of an answer. */
  refuse: { status: number; body: unknown } | null;
  healthStatus: number;
  /** Cuts the connection before this token. */
  cutAfter: number | null;
  /** Sends an error event before this token. */
  errorAfter: number | null;
  /** What it sends of its own accord only when it is asked and knows it. */
  usage: boolean;
  tokenIds: boolean;
  logprobs: boolean;
}

interface Body {
  model: string;
  messages?: { content: string }[];
  prompt?: string | number[];
  n?: number;
  logprobs?: boolean | number;
  return_token_ids?: boolean;
  [field: string]: unknown;
}

/** An OpenAI-compatible server that somebody else runs, as vLLM and llama-server are; it recites, a word a token. */
export class FakeOpenAIEngine {
  readonly bodies: Body[] = [];
  readonly script: Script;
  port = 0;
  private server: Server | null = null;
  private readonly sockets = new Set<Socket>();

  private constructor(script: Partial<Script>) {
    this.script = {
      ...{
        ownedBy: 'vllm',
        version: '0.11.0',
        model: 'acme/fox',
        reply: 'The quick brown fox jumps.',
        tokenDelayMs: 0,
      },
      ...{ apiKey: null, refuse: null, healthStatus: 200, cutAfter: null, errorAfter: null },
      ...{ usage: true, tokenIds: true, logprobs: true },
      ...script,
    };
  }

  static async start(script: Partial<Script> = {}): Promise<FakeOpenAIEngine> {
    const engine = new FakeOpenAIEngine(script);
    await engine.listen();
    return engine;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  /** Again on the same port, after `die`. */
  async listen(): Promise<void> {
    const server = createServer((request, response) => void this.route(request, response));
    server.on('connection', (socket) => {
      this.sockets.add(socket);
      socket.once('close', () => this.sockets.delete(socket));
    });
    await new Promise<void>((resolve) => server.listen(this.port, '127.0.0.1', resolve));
    this.server = server;
    this.port = (server.address() as AddressInfo).port;
  }

  /** As a process that is killed: all its connections end at once, and nobody listens. */
  async die(): Promise<void> {
    const { server } = this;
    this.server = null;
    if (server === null) return;
    const closed = new Promise((resolve) => server.close(resolve));
    for (const socket of this.sockets) socket.destroy();
    await closed;
  }

  private async route(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { script } = this;
    const route = `${request.method} ${request.url}`;
    if (route === 'GET /health') return json(response, script.healthStatus, {});
    if (script.apiKey !== null && request.headers.authorization !== `Bearer ${script.apiKey}`) {
      return json(response, 401, { error: { message: 'Unauthorized', type: 'BadRequestError', code: 401 } });
    }
    if (route === 'GET /v1/models') {
      const card = { id: script.model, object: 'model', owned_by: script.ownedBy, max_model_len: 8192 };
      return json(response, 200, { object: 'list', data: [card] });
    }
    if (route === 'GET /version' && script.ownedBy === 'vllm') return json(response, 200, { version: script.version });
    if (request.method !== 'POST') return json(response, 404, { detail: 'Not Found' });
    const body = JSON.parse(await textOf(request)) as Body;
    if (route === 'POST /tokenize' && script.ownedBy === 'vllm') return this.tokenize(body, response);
    if (route === 'POST /detokenize' && script.ownedBy === 'vllm') {
      return json(response, 200, { prompt: (body['tokens'] as number[]).map((id) => `t${id}`).join(' ') });
    }
    if (!/^POST \/v1\/(chat\/)?completions$/.test(route)) return json(response, 404, { detail: 'Not Found' });
    this.bodies.push(body);
    if (script.refuse !== null) return json(response, script.refuse.status, script.refuse.body);
    await this.answer(body, response);
  }

  private tokenize(body: Body, response: ServerResponse): void {
    const words = (body.messages?.map(({ content }) => content).join(' ') ?? String(body.prompt)).split(' ');
    const tokens = words.map((_, at) => at + 10);
    json(response, 200, { count: tokens.length, max_model_len: 8192, tokens, token_strs: words });
  }

  private async answer(body: Body, response: ServerResponse): Promise<void> {
    const { script } = this;
    const words = script.reply.match(/\s*\S+/g) ?? [];
    const chat = body.messages !== undefined;
    const n = body.n ?? 1;
    const common = {
      id: 'x',
      object: chat ? 'chat.completion.chunk' : 'text_completion',
      created: 1,
      model: body.model,
    };
    const send = (chunk: object): unknown => response.write(`data: ${JSON.stringify({ ...common, ...chunk })}\n\n`);
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    if (chat) {
      for (let index = 0; index < n; index++) send({ choices: [{ index, delta: { role: 'assistant', content: '' } }] });
    }
    for (const [at, word] of words.entries()) {
      if (script.cutAfter === at) return void response.destroy();
      if (script.errorAfter === at) {
        response.write('data: {"error": {"message": "CUDA out of memory", "code": 500}}\n\ndata: [DONE]\n\n');
        return void response.end();
      }
      for (let index = 0; index < n; index++) send({ choices: [this.choice(body, chat, word, at, index)] });
      await sleep(script.tokenDelayMs);
    }
    const end = { finish_reason: 'stop', stop_reason: null, logprobs: null };
    for (let index = 0; index < n; index++) {
      send({ choices: [{ index, ...end, ...(chat ? { delta: {} } : { text: '' }) }] });
    }
    const usage = {
      prompt_tokens: 7,
      completion_tokens: n * words.length,
      prompt_tokens_details: { cached_tokens: 2 },
    };
    if (script.usage) send({ choices: [], usage });
    response.end('data: [DONE]\n\n');
  }

  private choice(body: Body, chat: boolean, word: string, at: number, index: number): object {
    const { script } = this;
    const top = { token: ' other', logprob: -2, bytes: [...Buffer.from(' other')] };
    const own = { token: word, logprob: -0.5, bytes: [...Buffer.from(word)] };
    const wanted = body.logprobs !== undefined && body.logprobs !== false && script.logprobs;
    const logprobs = chat
      ? { content: [{ ...own, top_logprobs: [own, top] }] }
      : { tokens: [word], token_logprobs: [-0.5], top_logprobs: [{ ' other': -2, [word]: -0.5 }], text_offset: [0] };
    return {
      index,
      ...(chat ? { delta: { content: word } } : { text: word }),
      finish_reason: null,
      logprobs: wanted ? logprobs : null,
      ...(body.return_token_ids && script.tokenIds ? { token_ids: [at + 100], prompt_token_ids: [1, 2, 3] } : {}),
    };
  }
}

const json = (response: ServerResponse, status: number, body: unknown): void =>
  void response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));

async function textOf(request: IncomingMessage): Promise<string> {
  const parts: Buffer[] = [];
  for await (const part of request) parts.push(part as Buffer);
  return Buffer.concat(parts).toString();
}
