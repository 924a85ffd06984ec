// npm run key -- NAME: makes an API key, and the entry by which the server knows it.
import { join } from 'node:path';
import { ensureBuild } from './build.mjs';
import { runGateway } from './gateway.mjs';
import { root } from './root.mjs';

if (!ensureBuild()) process.exit(1);
process.exit(await runGateway(join(root, 'dist', 'auth', 'key-command.js'), process.argv.slice(2)));
