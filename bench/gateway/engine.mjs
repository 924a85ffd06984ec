// An engine that computes nothing and costs next to nothing a token: one timer for all streams, one socket write a token.
// It speaks docs/engine-api.md, and of OpenAI's API what the same client needs to come here without the gateway.
// The last message is a plan, {"firstMs", "tokens", "tokenMs"}; a token's text is `@` and the time at which it was written.
import { createServer } from 'node:http';
import { parseArgs } from 'node:util';
import { clock } from './clock.mjs';

const { values } = parseArgs({ options: { model: { type: 'string' }, port: { type: 'string' } } });
const LINES = { type: 'application/x-ndjson', first: '', token: nativeLine, last: nativeUsage };
const EVENTS = { type: 'text/event-stream', first: chunk({ role: 'assistant', content: '' }), token: event, last: eventEnd };

/** Streams by the time of their next token; all tokens that are due are written in one go. */
const streams = new Set();
let timer = null;

function pace() {
  timer = null;
  for (const stream of streams) while (stream.dueAt <= clock() && streams.has(stream)) writeNext(stream);
  if (streams.size === 0) return;
  const next = Math.min(...Array.from(streams, ({ dueAt }) => dueAt));
  timer = setTimeout(pace, Math.max(0, (next - clock()) / 1000));
}

function writeNext(stream) {
  stream.at += 1;
  stream.dueAt += stream.plan.tokenMs * 1000;
  const last = stream.at === stream.plan.tokens;
  frame(stream.socket, stream.wire.token(stream.at, `@${clock()} `, last));
  if (!last) return;
  streams.delete(stream);
  frame(stream.socket, stream.wire.last(stream.plan.tokens));
  stream.response.end();
}

/** One HTTP chunk in one write; Node's own takes four pieces. */
const frame = (socket, text) => socket.write(`${text.length.toString(16)}\r\n${text}\r\n`);

function nativeLine(at, text, last) {
  const reason = last ? '"stop"' : 'null';
  return `{"choices":[{"index":0,"token_ids":[${at}],"text":"${text}","text_offset":${at * text.length},"finish_reason":${reason}}]}\n`;
}

function nativeUsage(tokens) {
  return `{"usage":{"prompt_tokens":9,"completion_tokens":${tokens},"cached_tokens":0}}\n`;
}

function chunk(delta, reason = null) {
  const choices = [{ index: 0, delta, logprobs: null, finish_reason: reason }];
  const shared = { id: 'chatcmpl-0', object: 'chat.completion.chunk', created: 0, model: 'fake', system_fingerprint: null };
  return `data: ${JSON.stringify({ ...shared, choices })}\n\n`;
}

function event(_at, text) {
  return chunk({ content: text });
}

function eventEnd() {
  return `${chunk({}, 'stop')}data: [DONE]\n\n`;
}

function stream(request, response, wire, plan) {
  response.writeHead(200, { 'content-type': wire.type, 'x-prompt-tokens': 9 });
  response.flushHeaders();
  if (wire.first !== '') frame(response.socket, wire.first);
  const one = { plan, wire, response, socket: response.socket, at: 0, dueAt: clock() + plan.firstMs * 1000 };
  response.once('close', () => streams.delete(one));
  streams.add(one);
  clearTimeout(timer);
  pace();
}

/** The whole answer when its last token is due, for the other gateway, whose own cost is asked for. */
function answer(response, { tokens, firstMs, tokenMs }) {
  const message = { role: 'assistant', content: '@0 '.repeat(tokens) };
  const usage = { prompt_tokens: 9, completion_tokens: tokens, total_tokens: 9 + tokens };
  const choices = [{ index: 0, message, logprobs: null, finish_reason: 'stop' }];
  setTimeout(json, firstMs + (tokens - 1) * tokenMs, response, { id: 'chatcmpl-0', object: 'chat.completion', created: 0, model: 'fake', choices, usage });
}

function json(response, body) {
  response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}

function health(response) {
  json(response, {
    ...{ state: 'ready', phase: 'serve', progress: 1, reason: null },
    ...{ nonce: process.env.ENGINE_NONCE ?? null, pid: process.pid, version: 'bench' },
    ...{ device: 'cpu', dtype: 'float32', kernel: 'none', batch_invariant: true },
    model: { id: 'fake', generation: 'G5', context_length: 2048, vocab_size: 4096, parameters: 1 },
    ...{ running: streams.size, waiting: 0, max_running: 256, max_waiting: 256 },
    ...{ working: false, beat_age_seconds: 0, longest_step_seconds: 0.01, steps: 0 },
    ...{ finished: 0, aborted: 0, abort_steps_max: 0 },
  });
}

const server = createServer(async (request, response) => {
  if (request.url === '/health') return health(response);
  const parts = [];
  for await (const part of request) parts.push(part);
  const body = JSON.parse(Buffer.concat(parts).toString());
  const plan = JSON.parse(body.messages.at(-1).content);
  if (request.url === '/generate') stream(request, response, LINES, plan);
  else if (body.stream) stream(request, response, EVENTS, plan);
  else answer(response, plan);
});
server.keepAliveTimeout = 60_000;
server.listen(Number(values.port), '127.0.0.1');
process.stdin.resume().once('end', () => process.exit(0));
process.once('SIGTERM', () => process.exit(0));
