// Faults in the real server, and what the clients get: see README.md. Every random choice comes from --seed.
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { basename, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { root } from '../scripts/root.mjs';
import { generator } from './faults/figures.mjs';
import { endAll } from './faults/server.mjs';

const SCENARIOS = [
  'kills',
  'stops',
  'drain',
  'orphan',
  'reload',
  'overload',
  'fairness',
  'clients',
  'slow-readers',
  'hostile',
  'mixed',
];
const { values } = parseArgs({
  options: {
    only: { type: 'string', default: SCENARIOS.join() },
    kills: { type: 'string', default: '100' },
    times: { type: 'string', default: '20' },
    workers: { type: 'string', default: '1' },
    model: { type: 'string', default: 'embedded' },
    invariant: { type: 'string', default: 'on' },
    tokens: { type: 'string', default: '400' },
    minutes: { type: 'string', default: '30' },
    seconds: { type: 'string', default: '60' },
    seed: { type: 'string', default: '1' },
    name: { type: 'string' },
  },
});
const number = (name) => [name, Number(values[name])];
const options = {
  ...Object.fromEntries(['kills', 'times', 'workers', 'tokens', 'minutes', 'seconds', 'seed'].map(number)),
  invariant: values.invariant,
  model: basename(values.model),
  modelPath: existsSync(values.model) ? resolve(values.model) : values.model,
};
const say = (line) => process.stderr.write(`${line}\n`);

function stop(code) {
  endAll();
  process.exit(code);
}
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => stop(1));

/** Figures and goals; rejects when it takes longer than it may. */
async function within(minutes, work) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`not through within ${minutes} minutes`)), minutes * 60_000);
  });
  return Promise.race([work, late]).finally(() => clearTimeout(timer));
}

async function measured(name) {
  const { run, limitMinutes, label = () => name } = await import(`./faults/${name}.mjs`);
  const about = {
    date: new Date().toISOString(),
    commit: execFileSync('git', ['rev-parse', '--short', 'HEAD'], { cwd: root }).toString().trim(),
    machine: `${cpus().length} x ${cpus()[0].model}, Node ${process.versions.node}`,
    seed: options.seed,
  };
  const begun = performance.now();
  const { figures, goals } = await within(
    limitMinutes(options),
    run({ options, random: generator(options.seed), say }),
  );
  const seconds = Math.round((performance.now() - begun) / 1000);
  return { label: label(name, options), result: { ...about, seconds, figures, goals } };
}

function tell({ label, result }) {
  console.log(JSON.stringify({ scenario: label, ...result }));
  for (const { what, value, limit, least, met } of result.goals) {
    const bound = limit === undefined ? `at least ${least}` : `at most ${limit}`;
    console.log(`${met ? 'met' : 'not met'}: ${label}: ${what}: ${value} (${bound})`);
  }
}

/** The newest of each scenario; those that are not run again stay. */
function record({ label, result }) {
  const file = new URL(`results/chaos-${values.name}.json`, import.meta.url);
  const before = existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : {};
  writeFileSync(file, `${JSON.stringify({ ...before, [label]: result }, null, 2)}\n`);
}

let allMet = true;
for (const name of values.only.split(',')) {
  if (!SCENARIOS.includes(name)) throw new Error(`--only ${name}: expected some of ${SCENARIOS.join()}`);
  try {
    const outcome = await measured(name);
    tell(outcome);
    if (values.name) record(outcome);
    allMet &&= outcome.result.goals.every(({ met }) => met);
  } catch (failure) {
    console.log(`not met: ${name}: ${failure.stack}`);
    endAll();
    allMet = false;
  }
}
stop(allMet ? 0 : 1);
