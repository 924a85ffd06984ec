// npm run model -- list | pull NAME | verify NAME | info NAME | remove NAME: the models on this machine, without the server.
import { join } from 'node:path';
import { ensureBuild } from './build.mjs';
import { runGateway } from './gateway.mjs';
import { root } from './root.mjs';
import { ensureEnvironment } from './setup/environment.mjs';
import { leaveWith } from './setup/message.mjs';

const args = process.argv.slice(2);
// Only the engine knows what a checkpoint is; the other commands need no Python.
if (args[0] === 'info') await ensureEnvironment().catch(leaveWith);
if (!ensureBuild()) process.exit(1);
process.exit(await runGateway(join(root, 'dist', 'model-command', 'main.js'), args));
