// Runs `node ARGUMENTS` on the project's Node: node scripts/with-node24.mjs FILE...
import { spawnSync } from 'node:child_process';
import { node24 } from './node24.mjs';

const result = spawnSync(node24(), process.argv.slice(2), { stdio: 'inherit' });
if (result.error) console.error(result.error.message);
process.exit(result.status ?? 1);
