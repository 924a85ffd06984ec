// Engines are killed, or stopped, while they generate: what clients get, and how long ready is false.
import { setTimeout as sleep } from 'node:timers/promises';
import { until } from '../probe.mjs';
import { keenAnswerOf, story, whole } from './chat.mjs';
import { atLeast, atMost, median, most, pick, rounded } from './figures.mjs';
import { post } from './http.mjs';
import { alive } from './process.mjs';
import { withGateway } from './server.mjs';

const HANG_SECONDS = 3;
/** A hang is seen by the first poll of health after HANG_SECONDS. */
const WATCHDOG_MS = HANG_SECONDS * 1000 + 1000;
const LOST_MS = 300_000;
/** Deaths sooner after ready than 10 s are counted as a loop of crashes, which ends in `failed` by design. */
const EARLY_MS = 10_500;

const NUMBERS = { type: 'array', items: { type: 'integer' }, minItems: 20, maxItems: 20 };
const SCHEMA = {
  type: 'object',
  properties: { name: { type: 'string', maxLength: 40 }, numbers: NUMBERS },
  required: ['name', 'numbers'],
  additionalProperties: false,
};
const JSON_SCHEMA = { type: 'json_schema', json_schema: { name: 'fox', strict: true, schema: SCHEMA } };
const KINDS = [
  ...Array.from({ length: 8 }, () => ({})),
  ...Array.from({ length: 2 }, () => ({ n: 2 })),
  ...Array.from({ length: 2 }, () => ({ logprobs: true, top_logprobs: 3 })),
  ...Array.from({ length: 2 }, () => ({ response_format: JSON_SCHEMA, ignore_eos: false, leastTokens: 200 })),
  ...Array.from({ length: 2 }, () => ({ stream: false, stream_options: null })),
];

/** Greedy and sampled of each kind. The calculator is off: its forced ids have no text that could be compared. */
const requestsOf = (tokens) =>
  KINDS.map(({ leastTokens = 1, ...kind }, index) =>
    story(index, {
      ...{ max_tokens: Math.max(tokens, leastTokens), ignore_eos: true, return_token_ids: true, calculator: false },
      ...{ temperature: index % 2, ...kind },
    }),
  );

export const limitMinutes = ({ kills }) => 10 + kills;
export const label = (name, { workers, model, invariant }) =>
  `${name}, ${workers} ${workers === 1 ? 'worker' : 'workers'}, ${model}, invariant ${invariant}`;

/** What is the same for SIGKILL and SIGSTOP, which the watchdog has to find. */
export function strikes(signal) {
  return ({ options, random, say }) => {
    const { workers, modelPath, invariant, tokens } = options;
    const settings = {
      ...{ WORKERS: String(workers), MODEL: modelPath, DTYPE: 'bfloat16', BATCH_INVARIANT: invariant },
      ...{ HANG_SECONDS: String(HANG_SECONDS), RESUME_TRIES: '10', LOG_LEVEL: 'error' },
    };
    return withGateway(settings, async (gateway) => {
      const run = new Strikes(gateway, signal, random, requestsOf(tokens));
      await run.undisturbed();
      while (run.figures.kills < options.kills && run.figures.hung === 0) {
        await run.round();
        if (run.figures.kills % 10 === 0) say(JSON.stringify(run.figures));
      }
      return run.result(signal === 'SIGSTOP' ? WATCHDOG_MS : 0, invariant === 'on');
    });
  };
}

class Strikes {
  figures = { kills: 0, rounds: 0, streams: 0, lost: 0, hung: 0, texts: 0, differing: 0 };
  readySince = new Map();
  unready = [];
  again = [];

  constructor(gateway, signal, random, requests) {
    Object.assign(this, { gateway, signal, random, requests });
  }

  async undisturbed() {
    this.events = 0;
    this.expected = await this.ask((count) => (this.events += count));
    const wrong = this.expected.find((answer, index) => !whole(answer, this.requests[index].n));
    if (wrong) throw new Error(`undisturbed, an answer is not whole: ${wrong.error}`);
  }

  /** One strike, between 10 and 90 % of what the streams bring. */
  async round() {
    await until(() => this.someOldEnough());
    const at = Math.floor((0.1 + 0.8 * this.random()) * this.events);
    let seen = 0;
    let struck = null;
    const answers = await this.ask((count) => {
      seen += count;
      if (seen >= at) struck ??= this.strike();
    });
    this.figures.rounds++;
    const times = await struck;
    // Not before: /detokenize, which is not resumed, may meet the worker that is about to go.
    if (this.figures.hung === 0) await until(() => this.gateway.allReady(), LOST_MS);
    await this.judge(answers);
    if (times === null) return;
    this.figures.kills++;
    if (times.alone) {
      this.unready.push(times.unreadyMs);
      this.again.push(times.againMs);
    }
  }

  async someOldEnough() {
    if (!(await this.gateway.allReady())) return false;
    for (const pid of this.gateway.engines) if (!this.readySince.has(pid)) this.readySince.set(pid, performance.now());
    return this.oldEnough.length > 0;
  }

  get oldEnough() {
    const before = performance.now() - EARLY_MS;
    return this.gateway.engines.filter((pid) => this.readySince.get(pid) < before);
  }

  /** How long ready stayed true with no worker left, and until it was true again. */
  async strike() {
    const alone = this.gateway.engines.length === 1;
    const victim = pick(this.random, this.oldEnough);
    process.kill(victim, this.signal);
    if (!alone) {
      await until(() => !alive(victim), LOST_MS);
      return { alone };
    }
    const unreadyMs = await until(async () => !(await this.gateway.ready()), LOST_MS);
    return { alone, unreadyMs, againMs: unreadyMs + (await until(() => this.gateway.ready(), LOST_MS)) };
  }

  /** All answers at once; null for one that never ends. */
  async ask(onTokens) {
    const giveUp = new AbortController();
    const answers = this.requests.map(() => null);
    const asked = this.requests.map(async (body, index) => {
      answers[index] = await keenAnswerOf(this.gateway, body, { onTokens, signal: giveUp.signal });
    });
    await Promise.race([Promise.all(asked), sleep(LOST_MS, null, { ref: false })]);
    const found = [...answers];
    giveUp.abort();
    return found;
  }

  async judge(answers) {
    const { figures } = this;
    for (const [index, answer] of answers.entries()) {
      figures.streams++;
      if (answer === null) figures.hung++;
      else if (!whole(answer, this.requests[index].n)) {
        figures.lost++;
        this.firstLoss ??= answer.error ?? 'without its end';
      } else {
        if (!(await this.textIsOfIds(answer))) figures.texts++;
        if (JSON.stringify(answer) !== JSON.stringify(this.expected[index])) figures.differing++;
      }
    }
  }

  /** No character is doubled or missing: the text is what its token ids say. */
  async textIsOfIds({ choices }) {
    for (const { text, ids } of choices) {
      const { text: body } = await post(this.gateway, '/detokenize', { tokens: ids });
      if (JSON.parse(body).prompt !== text) return false;
    }
    return true;
  }

  async result(watchdogMs, exact) {
    const { figures, unready, again, gateway } = this;
    const { resumes_total: resumes } = await gateway.metrics();
    const times = { startMs: rounded(gateway.startMs, 0), longestUnreadyMs: rounded(most(unready), 0) };
    const ready = { longestReadyAgainMs: rounded(most(again), 0), medianReadyAgainMs: rounded(median(again), 0) };
    const goals = [
      ...['lost', 'hung', 'texts'].map((name) => atMost(`streams ${name}`, figures[name], 0)),
      ...(exact ? [atMost('streams whose text differs', figures.differing, 0)] : []),
      atLeast('resumes', resumes, figures.kills),
    ];
    if (unready.length > 0) {
      goals.push(atMost('ms until ready is false', times.longestUnreadyMs, watchdogMs || 1000));
      const limit = watchdogMs + times.startMs + 1000;
      goals.push(atMost('ms until ready is true again', ready.longestReadyAgainMs, limit));
    }
    const differingShare = rounded(figures.differing / figures.streams, 4);
    return {
      figures: { ...figures, differingShare, resumes, ...times, ...ready, firstLoss: this.firstLoss ?? null },
      goals,
    };
  }
}

export const run = strikes('SIGKILL');
