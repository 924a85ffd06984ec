// npm run conformance [-- --only SUITE ...]: real clients and suites against the built server; docs/conformance.md.
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { ensureBuild } from './build.mjs';
import { node24 } from './node24.mjs';
import { root } from './root.mjs';
import { ensureEnvironment } from './setup/environment.mjs';
import { leaveWith } from './setup/message.mjs';

const args = process.argv.slice(2);
if (!args.includes('--help') && !args.includes('--list')) {
  await ensureEnvironment().catch(leaveWith);
  if (!ensureBuild()) process.exit(1);
}
const child = spawn(node24(), [join(root, 'test', 'conformance', 'run.mjs'), ...args], { cwd: root, stdio: 'inherit' });
// A terminal's Ctrl-C reaches the child as well; it stops what it started.
process.on('SIGINT', () => {});
process.on('SIGTERM', () => child.kill('SIGTERM'));
child.on('exit', (code) => process.exit(code ?? 1));
