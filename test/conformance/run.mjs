// npm run conformance: real clients and suites against the built server; the table goes to docs/conformance.md and README.
import { spawn } from 'node:child_process';
import { createWriteStream, existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { once } from 'node:events';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { venvPython } from '../../scripts/setup/environment.mjs';
import { nodePackages, OUT, pythonOf } from './environments.mjs';
import { readOptions } from './options.mjs';
import { Servers } from './servers.mjs';
import { SUITES } from './suites.mjs';
import { record, rowOf, table } from './table.mjs';

const HERE = fileURLToPath(new URL('.', import.meta.url));
const options = readOptions(process.argv.slice(2), Object.keys(SUITES));
const stop = new AbortController();
for (const name of ['SIGINT', 'SIGTERM']) process.once(name, () => stop.abort());

/** Runs one suite's program and gives its checks back, as it wrote them. */
async function checksOf(name, servers) {
  const { runs, program, real, fake, minutes = 10 } = SUITES[name];
  const isNode = runs === 'node';
  const command = isNode ? (await nodePackages(stop.signal), process.execPath) : await pythonOf(runs, stop.signal);
  const [{ url: realUrl }, { url: fakeUrl, control }] = [await servers.of(real), await servers.of(fake)];
  const results = join(OUT, `results-${name}.jsonl`);
  rmSync(results, { force: true });
  const log = join(OUT, 'logs', `${name}.log`);
  const child = spawn(command, [join(HERE, isNode ? 'node' : 'python', program)], {
    cwd: OUT,
    stdio: ['ignore', 'pipe', 'pipe'],
    signal: AbortSignal.any([stop.signal, AbortSignal.timeout(minutes * 60_000)]),
    env: {
      ...{ PATH: process.env.PATH, HOME: process.env.HOME, PYTHONDONTWRITEBYTECODE: '1' },
      ...{ REAL_URL: realUrl, FAKE_URL: fakeUrl, FAKE_CONTROL: control, RESULTS: results, ENGINE_PYTHON: venvPython },
      ...{ CASES: String(options.cases), SCHEMAS: String(options.schemas), CONFORMANCE_OUT: OUT },
    },
  });
  const file = createWriteStream(log);
  for (const stream of [child.stdout, child.stderr]) stream.pipe(file, { end: false });
  const code = await once(child, 'close').then(
    ([status]) => status,
    () => 'ended', // by its time limit or by Ctrl-C
  );
  stop.signal.throwIfAborted();
  const checks = existsSync(results) ? readFileSync(results, 'utf8').trim().split('\n').filter(Boolean) : [];
  const parsed = checks.map((line) => JSON.parse(line));
  if (code !== 0)
    parsed.push({ check: 'the program ends well', ok: false, reason: `it ended with ${code}; see ${log}` });
  return parsed;
}

mkdirSync(join(OUT, 'logs'), { recursive: true });
const servers = new Servers();
const rows = {};
try {
  for (const name of options.only) {
    const started = performance.now();
    const checks = await checksOf(name, servers).catch((error) => {
      stop.signal.throwIfAborted();
      return [{ check: 'it can be run', ok: false, reason: error.message }];
    });
    rows[name] = rowOf(SUITES[name].title, checks);
    const seconds = Math.round((performance.now() - started) / 1000);
    console.log(`${rows[name].passed} of ${rows[name].total}  ${SUITES[name].title} (${seconds} s)`);
    for (const { check, reason } of checks.filter(({ ok }) => !ok)) console.log(`  FAILED ${check}: ${reason}`);
  }
} catch (error) {
  if (!stop.signal.aborted) throw error;
  console.error('Stopped; nothing is recorded.');
} finally {
  await servers.stop();
}
if (stop.signal.aborted) process.exit(130);
console.log(`\n${table(rows)}`);
if (options.record) record(rows, Object.keys(SUITES));
process.exit(Object.values(rows).every(({ passed, total }) => passed === total) ? 0 : 1);
