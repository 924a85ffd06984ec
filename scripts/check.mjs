// npm run check [-- --static]: everything that CI checks; --static leaves the tests out.
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { node24 } from './node24.mjs';
import { root } from './root.mjs';
import { ensureEnvironment, venv, venvPython } from './setup/environment.mjs';
import { leaveWith } from './setup/message.mjs';

const python = join(root, 'python');
const node = (title, ...args) => ({ title, command: node24(), args, cwd: root });
const tool = (title, ...args) => ({ title, command: venvPython, args: ['-m', ...args], cwd: python });
const ruff = (title, ...args) => ({
  ...tool(
    title,
    'ruff',
    ...args,
    '--config',
    'python/pyproject.toml',
    'python',
    'training',
    'bench',
    'test/conformance',
  ),
  cwd: root,
});

// hadolint has no wheel for ARM on Linux; everywhere else its absence is a failure.
function dockerfile() {
  if (process.platform === 'linux' && process.arch === 'arm64') return [];
  return [{ title: 'Dockerfile (hadolint)', command: join(venv, 'bin', 'hadolint'), args: ['Dockerfile'], cwd: root }];
}

const checks = [
  node('format (prettier)', 'node_modules/prettier/bin/prettier.cjs', '--check', '--log-level', 'warn', '.'),
  node('lint (eslint)', 'node_modules/eslint/bin/eslint.js', '.'),
  node(
    'imports (dependency-cruiser)',
    'node_modules/dependency-cruiser/bin/dependency-cruiser.mjs',
    '--config',
    '.dependency-cruiser.mjs',
    'src',
  ),
  node('types (tsc)', 'node_modules/typescript/bin/tsc', '--noEmit', '-p', 'tsconfig.json'),
  ruff('format (ruff)', 'format', '--check'),
  ruff('lint (ruff)', 'check', '--output-format', 'concise'),
  { title: 'imports (import-linter)', command: join(venv, 'bin', 'lint-imports'), args: [], cwd: python },
  tool('types (mypy)', 'mypy'),
  ...dockerfile(),
  ...(process.argv.includes('--static') ? [] : [node('tests', 'scripts/test.mjs')]),
];

try {
  await ensureEnvironment({ dev: true });
} catch (error) {
  leaveWith(error);
}
const results = checks.map(({ title, command, args, cwd }) => {
  console.log(`\nCheck: ${title}`);
  const started = performance.now();
  const { status, error } = spawnSync(command, args, { cwd, stdio: 'inherit' });
  if (error) console.error(error.message);
  return { title, ok: status === 0, seconds: ((performance.now() - started) / 1000).toFixed(1) };
});
console.log('');
for (const { title, ok, seconds } of results) console.log(`${ok ? 'ok    ' : 'FAILED'} ${title} (${seconds} s)`);
process.exit(results.every(({ ok }) => ok) ? 0 : 1);
