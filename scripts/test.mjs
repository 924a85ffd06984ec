// npm test: set-up, build, then all tests of both languages; the last line is "N passed, N failed" in sum.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ensureBuild } from './build.mjs';
import { node24 } from './node24.mjs';
import { root } from './root.mjs';
import { ensureEnvironment, venvPython } from './setup/environment.mjs';
import { leaveWith } from './setup/message.mjs';
import { jestCounts, pytestCounts } from './test-counts.mjs';

// CI gives the tests a limit, so that a hang is a failure with a count and not a run cut off.
const ends = Date.now() + Number(process.env.TEST_MINUTES ?? 1440) * 60_000;
const reports = mkdtempSync(join(tmpdir(), 'nanochat-tests-'));

function run(title, command, args, cwd = root) {
  console.log(`\nTests: ${title}`);
  const timeout = Math.max(1000, ends - Date.now());
  const { status, signal, error } = spawnSync(command, args, { cwd, stdio: 'inherit', timeout, killSignal: 'SIGKILL' });
  if (error) console.error(error.code === 'ETIMEDOUT' ? `${title} did not end in time.` : error.message);
  if (signal === 'SIGINT' || signal === 'SIGTERM') process.exit(130);
  return status;
}

function jest(project, ...more) {
  const report = join(reports, `${project}.json`);
  const options = ['--experimental-vm-modules', '--disable-warning=ExperimentalWarning'];
  const args = ['--selectProjects', project, '--json', '--outputFile', report, ...more];
  const status = run(`jest, ${project}`, node24(), [...options, 'node_modules/jest/bin/jest.js', ...args]);
  return jestCounts(report, status);
}

function pytest() {
  const report = join(reports, 'pytest.xml');
  const args = ['-m', 'pytest', '--quiet', `--junitxml=${report}`];
  return pytestCounts(report, run('pytest', venvPython, args, join(root, 'python')));
}

try {
  await ensureEnvironment({ dev: true });
} catch (error) {
  leaveWith(error);
}
if (!ensureBuild()) {
  console.log('0 passed, 1 failed');
  process.exit(1);
}
// End-to-end tests start engines, which take a whole machine: one file at a time. What a failed one left running must
// not keep jest waiting.
const all = [jest('unit', '--maxWorkers=2'), jest('e2e', '--runInBand', '--forceExit'), pytest()];
rmSync(reports, { recursive: true, force: true });
const sum = (key) => all.reduce((total, one) => total + one[key], 0);
console.log(`\n${sum('passed')} passed, ${sum('failed')} failed`);
process.exit(sum('failed') === 0 ? 0 : 1);
