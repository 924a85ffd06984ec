// npm start: set up and build what is missing, then run the gateway until it leaves, and leave with its exit code.
import { join } from 'node:path';
import { ensureBuild } from './build.mjs';
import { runGateway } from './gateway.mjs';
import { root } from './root.mjs';
import { ensureEnvironment } from './setup/environment.mjs';
import { leaveWith } from './setup/message.mjs';

try {
  await ensureEnvironment();
} catch (error) {
  leaveWith(error);
}
if (!ensureBuild()) process.exit(1);
process.exit(await runGateway(join(root, 'dist', 'main.js'), process.argv.slice(2)));
