// SIGTERM under streams: all that can finish do, and nothing is left.
import { until } from '../probe.mjs';
import { keenAnswerOf, story, whole } from './chat.mjs';
import { atMost, most, rounded } from './figures.mjs';
import { isErrorBody, post } from './http.mjs';
import { alive, descendantsOf } from './process.mjs';
import { Gateway } from './server.mjs';

const STREAMS = 16;

export const limitMinutes = ({ times }) => 3 + times;
export const label = (name, { workers }) => `${name}, ${workers} ${workers === 1 ? 'worker' : 'workers'}`;

/** Streams at a server, and the moment at which a random share of what they bring is there. */
export async function beginStreams(gateway, random, tokens) {
  const bodies = Array.from({ length: STREAMS }, (_, index) =>
    story(index, { max_tokens: tokens, ignore_eos: true, return_token_ids: true, temperature: index % 2 }),
  );
  // So that the engine has its helper process, too.
  Object.assign(bodies[0], { response_format: { type: 'json_object' }, ignore_eos: false });
  const at = (0.1 + 0.8 * random()) * STREAMS * tokens;
  let seen = 0;
  const { promise: reached, resolve } = Promise.withResolvers();
  const onTokens = (count) => (seen += count) >= at && resolve();
  const answers = Promise.all(bodies.map((body) => keenAnswerOf(gateway, body, { onTokens })));
  await Promise.race([reached, answers]);
  return { answers };
}

export async function run({ options, random, say }) {
  const figures = { times: 0, streams: 0, dropped: 0, otherExits: 0, childrenLeft: 0, wrongRefusals: 0 };
  const durations = [];
  while (figures.times < options.times) {
    const gateway = await Gateway.start({ WORKERS: String(options.workers), MODEL: options.modelPath });
    const { answers } = await beginStreams(gateway, random, options.tokens);
    const family = descendantsOf(gateway.pid);
    const begun = performance.now();
    gateway.child.kill('SIGTERM');
    if (!(await refusesNew(gateway))) figures.wrongRefusals++;
    for (const answer of await answers) {
      figures.streams++;
      if (!whole(answer)) figures.dropped++;
    }
    if ((await gateway.exit()) !== 0) figures.otherExits++;
    durations.push(performance.now() - begun);
    figures.childrenLeft += family.filter(alive).length;
    if (++figures.times % 5 === 0) say(JSON.stringify(figures));
  }
  const names = { dropped: 'streams dropped', otherExits: 'exits other than 0', childrenLeft: 'children left' };
  const goals = Object.entries(names).map(([name, what]) => atMost(what, figures[name], 0));
  goals.push(atMost('new requests without a clear refusal', figures.wrongRefusals, 0));
  return { figures: { ...figures, longestMs: rounded(most(durations), 0) }, goals };
}

/** A request that comes once the drain has begun: 503 in OpenAI's shape, or nobody listens any more. */
async function refusesNew(gateway) {
  await until(async () => !(await gateway.ready())); // the signal has to arrive
  const { status, headers, text } = await post(gateway, '/v1/chat/completions', story(0, { max_tokens: 1 }), {
    connections: false,
  });
  return status === 0 || (status === 503 && isErrorBody(text) && 'retry-after' in headers);
}
