// A small engine without a model, for tests of what a real one won't do on order. It speaks docs/engine-api.md and
// follows a script (see script.mjs) given in FAKE_ENGINE_SCRIPT, by a program that calls runFakeEngine(script), or at any
// time by POST /fake/script. GET /fake/counts tells what it has seen. The /fake routes need no token.
import { spawn } from 'node:child_process';
import { appendFileSync, existsSync, readFileSync, realpathSync } from 'node:fs';
import { createServer } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { bodyOf, generate } from './generation.mjs';
import { promptTokens, textOf } from './tokens.mjs';
import { check, scriptOfLife } from './script.mjs';

const EX_TEMPFAIL = 75;

/** `livesFile` remembers the children of one test: a line each at its start and its end. */
export async function runFakeEngine(scripts = {}, livesFile = null) {
  const { values } = parseArgs({ options: { model: { type: 'string' }, port: { type: 'string', default: '8081' } } });
  const life = countLives(livesFile);
  const engine = new FakeEngine(scriptOfLife(scripts, life));
  const note = (event) =>
    livesFile &&
    appendFileSync(
      livesFile,
      `${JSON.stringify({ event, pid: process.pid, port: Number(values.port), model: values.model })}\n`,
    );
  note('start');
  process.once('exit', () => note('end'));
  leaveWithParent();
  await engine.live(Number(values.port));
}

class FakeEngine {
  state = 'starting';
  phase = 'import';
  progress = 0;
  working = 0;
  steps = 0;
  counts = { requests: 0, open: 0, finished: 0, aborted: 0, bodies: [], traceparents: [], healths: 0, helperPid: null };
  beating = true;
  beatAt = performance.now();
  stopBeating = () => (this.beating = false);

  constructor(script) {
    this.script = script;
  }

  beat() {
    this.steps += 1;
    this.beatAt = performance.now();
  }

  /** Written to, so that the system has to give it. */
  hoard() {
    this.hoarded = Buffer.alloc(this.script.hoardBytes, 1);
  }

  async live(port) {
    this.hoard();
    for (const line of this.script.log) console.log(typeof line === 'string' ? line : JSON.stringify(line));
    for (const line of this.script.errorLog) console.error(typeof line === 'string' ? line : JSON.stringify(line));
    if (this.script.helper) this.counts.helperPid = spawn('sleep', ['3600'], { stdio: 'inherit' }).pid;
    process.on('SIGTERM', () => this.leave());
    process.on('SIGINT', () => this.leave());
    // Work that is going on moves the loop's beat, also between two tokens.
    setInterval(() => this.beating && this.beat(), 5).unref();
    await sleep(this.script.listenAfterMs);
    await this.listen(port);
    await this.load();
  }

  listen(port) {
    const server = createServer((request, response) => void this.route(request, response));
    server.once('error', (error) => {
      console.log(JSON.stringify({ level: 'error', message: error.message }));
      process.exit(error.code === 'EADDRINUSE' ? EX_TEMPFAIL : 70);
    });
    return new Promise((resolve) => server.listen(port, '127.0.0.1', resolve));
  }

  async load() {
    for (const [state, phase, progress] of [
      ['loading', 'load', 0.3],
      ['warming', 'warm', 0.8],
    ]) {
      Object.assign(this, { state, phase, progress });
      await sleep(this.script.loadMs);
      while (this.script.holdAt === state) await sleep(5);
    }
    const { exitBeforeReady, exitAfterReadyMs, neverReady, exitCode } = this.script;
    if (typeof exitBeforeReady === 'string') process.kill(process.pid, exitBeforeReady);
    else if (exitBeforeReady !== null) process.exit(exitBeforeReady);
    if (neverReady) return;
    Object.assign(this, { state: 'ready', phase: 'serve', progress: 1 });
    if (exitAfterReadyMs !== null) setTimeout(() => process.exit(exitCode), exitAfterReadyMs);
  }

  async leave() {
    if (this.script.ignoreSigterm) return;
    this.state = 'draining';
    await sleep(this.script.drainMs);
    process.exit(0);
  }

  async route(request, response) {
    const route = `${request.method} ${request.url}`;
    if (route === 'GET /health') return this.health(response);
    if (route === 'GET /fake/counts') return json(response, 200, this.counts);
    if (route === 'POST /fake/script') {
      this.script = check({ ...this.script, ...JSON.parse(await bodyOf(request)) });
      if (this.hoarded.length !== this.script.hoardBytes) this.hoard();
      return json(response, 200, this.script);
    }
    const { ENGINE_TOKEN } = process.env;
    if (ENGINE_TOKEN && request.headers.authorization !== `Bearer ${ENGINE_TOKEN}`)
      return refused(response, 401, 'invalid_api_key');
    if (this.state !== 'ready')
      return refused(response, 503, this.state === 'draining' ? 'shutting_down' : 'model_loading');
    if (route === 'POST /generate') return generate(this, request, response);
    if (this.script.diesOfTokens && /^POST \/(de)?tokenize$/.test(route)) process.kill(process.pid, 'SIGKILL');
    if (route === 'POST /tokenize') return this.tokenize(JSON.parse(await bodyOf(request)), response);
    if (route === 'POST /detokenize') return this.detokenize(JSON.parse(await bodyOf(request)), response);
    return refused(response, 404, null);
  }

  /** A chat ends with the assistant's start, as id 1. */
  tokenize(body, response) {
    const tokens = promptTokens(body);
    if (body.messages) tokens.push({ id: 1, bytes: [...Buffer.from('<|assistant_start|>')] });
    json(response, 200, {
      token_ids: tokens.map(({ id }) => id),
      token_strings: tokens.map(({ bytes }) => Buffer.from(bytes).toString()),
    });
  }

  detokenize({ token_ids }, response) {
    if (token_ids.some((id) => id >= this.script.model.vocab_size)) {
      return json(response, 400, {
        error: { message: 'no such id', type: 'invalid_request_error', param: 'token_ids', code: 'invalid_value' },
      });
    }
    json(response, 200, { text: textOf(promptTokens({ prompt_token_ids: token_ids })) });
  }

  health(response) {
    this.counts.healths += 1;
    const { script, counts, state } = this;
    if (script.healthSilent && state === 'ready') return;
    json(response, state === 'ready' ? 200 : 503, {
      ...{ state, phase: this.phase, progress: this.progress, reason: null },
      ...{ nonce: script.nonce ?? process.env.ENGINE_NONCE ?? null, pid: process.pid, version: 'fake' },
      ...{
        device: 'cpu',
        dtype: 'float32',
        kernel: 'fake',
        quantization: 'none',
        batch_invariant: true,
        model: script.model,
      },
      ...{ running: this.working, waiting: 0, max_running: script.maxRunning, max_waiting: 32 },
      cache: { block_tokens: 64, blocks: 512, blocks_used: this.working },
      ...{ working: this.working > 0, beat_age_seconds: (performance.now() - this.beatAt) / 1000 },
      ...{ longest_step_seconds: script.longestStepSeconds, steps: this.steps },
      ...{ finished: counts.finished, aborted: counts.aborted, abort_steps_max: counts.aborted > 0 ? 1 : 0 },
    });
  }
}

const json = (response, status, body) =>
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));

const refused = (response, status, code) =>
  json(response, status, { error: { message: `fake: ${status}`, type: 'server_error', param: null, code } });

function leaveWithParent() {
  process.stdin.resume().once('end', () => process.exit(0));
  process.stdin.once('error', () => process.exit(0));
}

function countLives(file) {
  if (file === null || !existsSync(file)) return 0;
  return readFileSync(file, 'utf8')
    .split('\n')
    .filter((line) => line.includes('"start"')).length;
}

if (process.argv[1] !== undefined && realpathSync(process.argv[1]) === fileURLToPath(import.meta.url)) {
  await runFakeEngine(JSON.parse(process.env.FAKE_ENGINE_SCRIPT ?? '{}'));
}
