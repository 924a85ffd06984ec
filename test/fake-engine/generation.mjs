// The fake engine's POST /generate: it recites script.reply, a word a token.
import { setTimeout as sleep } from 'node:timers/promises';
import { entry, promptLine, replyTokens } from './tokens.mjs';

export async function generate(engine, request, response) {
  const { counts } = engine;
  const text = await bodyOf(request);
  const body = JSON.parse(text);
  counts.requests += 1;
  counts.open += 1;
  counts.bodies.push(text);
  if (request.headers.traceparent) counts.traceparents.push(request.headers.traceparent);
  if (counts.bodies.length > 100) counts.bodies.shift();
  const gone = new AbortController();
  response.once('close', () => {
    counts.open -= 1;
    if (!response.writableFinished) counts.aborted += 1;
    gone.abort();
  });
  try {
    await answer(engine, body, response, gone.signal);
  } catch (error) {
    if (error.name !== 'AbortError') throw error;
  }
}

async function answer(engine, body, response, signal) {
  const { script, counts } = engine;
  await pause(script.admitDelayMs, signal);
  const refusal = script.refuse ?? script.refusals[body.prompt];
  if (refusal) return refuse(refusal, response);
  response.writeHead(200, { 'content-type': 'application/x-ndjson', 'x-prompt-tokens': script.promptTokens });
  response.flushHeaders();
  engine.working += 1;
  try {
    await pause(script.firstTokenDelayMs, signal);
    if (body.echo || body.prompt_logprobs !== undefined) await send(response, promptLine(body));
    const completion = await recite(engine, body, response, signal);
    if (completion === null) return;
    await send(response, {
      usage: { prompt_tokens: script.promptTokens, completion_tokens: completion, cached_tokens: 0 },
    });
    response.end();
    counts.finished += 1;
  } finally {
    engine.working -= 1;
  }
}

/** Sends the choices side by side. Null when the script ends the stream otherwise. */
async function recite(engine, body, response, signal) {
  const { script } = engine;
  const tokens = replyTokens({ ...script, reply: script.replies[body.prompt] ?? script.reply });
  const limit = Math.min(tokens.length, body.sampling?.max_tokens ?? Infinity);
  const reason = limit < tokens.length ? 'length' : 'stop';
  const decoder = new TextDecoder();
  const logprobs = body.sampling?.logprobs;
  const step = engine.script.tokensPerLine;
  // Choices go side by side, so that those which are resumed have all come equally far.
  const choicesLeft = body.resume?.choices ?? Array.from({ length: body.n ?? 1 }, (_, index) => ({ index }));
  const start = choicesLeft[0].token_ids?.length ?? 0;
  let offset = choicesLeft[0].text_offset ?? 0;
  decoder.decode(Uint8Array.from(tokens.slice(0, start).flatMap((token) => token.bytes)), { stream: true });
  for (let at = start; at < limit || at === start; at += step) {
    // Read anew each time: a control request may change it in mid-stream.
    if (await fault(engine, at, response, signal)) return null;
    const some = tokens.slice(at, Math.min(at + step, limit));
    const last = at + step >= limit;
    const detail = (more) => script.details[at + more] ?? {};
    const bytes = Uint8Array.from(some.flatMap((token, more) => (detail(more).hidden ? [] : token.bytes)));
    const calculations = some.flatMap((_, more) => detail(more).calculations ?? []);
    const text = decoder.decode(bytes, { stream: !last });
    offset += text.length;
    const choices = choicesLeft.map(({ index }) => ({
      index,
      token_ids: some.map(({ id }) => id),
      text,
      text_offset: offset,
      finish_reason: last ? reason : null,
      ...(logprobs === undefined
        ? {}
        : {
            logprobs: some.map((token, more) => ({
              ...entry(token, at + more, logprobs),
              ...('logprob' in detail(more) ? { logprob: detail(more).logprob } : {}),
            })),
          }),
      ...(calculations.length === 0 ? {} : { calculations }),
      ...(last && reason === 'stop' && engine.script.stop !== null ? { stop: engine.script.stop } : {}),
    }));
    await send(response, { choices });
    engine.beat();
    if (!last) await pause(engine.script.tokenDelayMs, signal);
  }
  if (await fault(engine, limit, response, signal)) return null;
  return limit * choicesLeft.length;
}

/** True when the script ends the stream at this token. */
async function fault({ script, stopBeating }, at, response, signal) {
  if (script.errorAfterTokens === at || script.errorNow) {
    await send(response, {
      error: { message: 'the fake engine was told to fail', type: 'server_error', param: null, code: 'internal_error' },
    });
    response.end();
    return true;
  }
  if (script.cutAfterTokens === at) {
    response.destroy();
    return true;
  }
  if (script.crashAfterTokens === at) process.kill(process.pid, 'SIGKILL');
  if (script.hangAfterTokens === at) stopBeating();
  if (script.stallAfterTokens === at || script.hangAfterTokens === at || script.crashAfterTokens === at) {
    await pause(2 ** 30, signal);
  }
  return false;
}

function refuse(
  { status, code = null, message = 'refused', param = null, type = 'invalid_request_error', retryAfter },
  response,
) {
  const headers = {
    'content-type': 'application/json',
    ...(retryAfter === undefined ? {} : { 'retry-after': retryAfter }),
  };
  response.writeHead(status, headers).end(JSON.stringify({ error: { message, type, param, code } }));
}

/** Resolves when the system has the bytes, so that a crash right after can't take them along. */
const send = (response, line) => new Promise((resolve) => response.write(`${JSON.stringify(line)}\n`, resolve));

async function pause(ms, signal) {
  if (ms > 0) await sleep(ms, undefined, { signal });
}

export async function bodyOf(request) {
  const parts = [];
  for await (const part of request) parts.push(part);
  return Buffer.concat(parts).toString();
}
