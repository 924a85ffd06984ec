// SIGHUP under load, again and again: each worker is replaced and no request fails.
import { until } from '../probe.mjs';
import { answerOf, clientOf, story, whole } from './chat.mjs';
import { atLeast, atMost, most, rounded } from './figures.mjs';
import { withGateway } from './server.mjs';

const CLIENTS = 16;

export { label, limitMinutes } from './drain.mjs';

export const run = ({ options, random, say }) =>
  withGateway({ WORKERS: String(options.workers), MODEL: options.modelPath }, async (gateway) => {
    const figures = { reloads: 0, requests: 0, failed: 0, firstFailure: null };
    let over = false;
    const client = clientOf(gateway);
    const loop = async (index) => {
      while (!over) {
        const more = { max_tokens: 1 + Math.floor(random() * 300), stream: random() < 0.8 };
        const answer = await answerOf(client, story(index, more.stream ? more : { ...more, stream_options: null }));
        figures.requests++;
        if (whole(answer)) continue;
        figures.failed++;
        figures.firstFailure ??= answer.error ?? 'without its end';
      }
    };
    const loops = Array.from({ length: CLIENTS }, (_, index) => loop(index));
    const times = [];
    while (figures.reloads < options.times) {
      const before = gateway.engines;
      gateway.child.kill('SIGHUP');
      times.push(await until(() => replaced(before, gateway.engines)));
      if (++figures.reloads % 5 === 0) say(JSON.stringify(figures));
    }
    over = true;
    await Promise.all(loops);
    const goals = [
      atMost('failed requests', figures.failed, 0),
      atLeast('requests meanwhile', figures.requests, figures.reloads),
    ];
    return { figures: { ...figures, longestReloadMs: rounded(most(times), 0) }, goals };
  });

/** As many as before, and none of them. */
const replaced = (before, now) => now.length === before.length && !now.some((pid) => before.includes(pid));
