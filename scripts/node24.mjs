// Which Node runs the project: the running one when it is 24 or newer, else the one of the `node` package.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './root.mjs';

const WANTED = 24;
const major = (version) => Number.parseInt(version.replace(/^v/, ''), 10);

/** Path of a Node that is new enough, or null. */
export function findNode24() {
  if (major(process.versions.node) >= WANTED && !process.execPath.startsWith(join(root, 'node_modules'))) {
    return process.execPath;
  }
  // Under npm, node_modules/.bin comes first on PATH, so the user's own Node is the one that runs npm.
  const npmNode = process.env.npm_node_execpath;
  const npmNodeVersion = / node\/v(\d+)/.exec(` ${process.env.npm_config_user_agent ?? ''}`)?.[1];
  if (npmNode && npmNodeVersion && major(npmNodeVersion) >= WANTED && existsSync(npmNode)) return npmNode;
  const packaged = join(root, 'node_modules', 'node', 'bin', process.platform === 'win32' ? 'node.exe' : 'node');
  if (existsSync(packaged)) return packaged;
  return major(process.versions.node) >= WANTED ? process.execPath : null;
}

/** Path of a Node that is new enough; leaves with one message when there is none. */
export function node24() {
  const found = findNode24();
  if (found) return found;
  console.error(
    `This project runs on Node ${WANTED} or newer; here is ${process.version}, and the package node@${WANTED} is not installed.\n` +
      `Run "npm ci" in ${root}, or install Node ${WANTED} from https://nodejs.org.`,
  );
  process.exit(1);
}
