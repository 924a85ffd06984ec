// kill -9 of the gateway under streams: its children leave by themselves.
import { until } from '../probe.mjs';
import { beginStreams, label, limitMinutes } from './drain.mjs';
import { atMost, median, most, rounded } from './figures.mjs';
import { alive, descendantsOf } from './process.mjs';
import { Gateway } from './server.mjs';

export { label, limitMinutes };

export async function run({ options, random, say }) {
  const [times, families] = [[], []];
  while (times.length < options.times) {
    const gateway = await Gateway.start({ WORKERS: String(options.workers), MODEL: options.modelPath });
    const { answers } = await beginStreams(gateway, random, options.tokens);
    const family = descendantsOf(gateway.pid);
    gateway.child.kill('SIGKILL');
    times.push(await until(() => !family.some(alive), 60_000));
    families.push(family.length);
    await gateway.exit();
    await answers;
    if (times.length % 5 === 0) say(JSON.stringify({ times: times.length, longestMs: rounded(most(times), 0) }));
  }
  const late = times.filter((time) => time > 2000).length;
  const figures = { times: times.length, children: Math.min(...families), late, medianMs: rounded(median(times), 0) };
  const longestMs = rounded(most(times), 0);
  return { figures: { ...figures, longestMs }, goals: [atMost('ms until no child is left', longestMs, 2000)] };
}
