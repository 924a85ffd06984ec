// npm run build [-- --force]: dist/ from src/, skipped when no source changed; a failed build leaves the old one.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { pathToFileURL } from 'node:url';
import { node24 } from './node24.mjs';
import { root } from './root.mjs';

const dist = join(root, 'dist');
const stamp = join(dist, 'sources.sha256');

function hashOfSources() {
  const files = ['tsconfig.json', 'tsconfig.build.json', 'package-lock.json'].map((name) => join(root, name));
  for (const entry of readdirSync(join(root, 'src'), { withFileTypes: true, recursive: true })) {
    if (entry.isFile() && entry.name.endsWith('.ts') && !entry.name.endsWith('.spec.ts')) {
      files.push(join(entry.parentPath ?? entry.path, entry.name));
    }
  }
  const sum = createHash('sha256');
  for (const file of files.sort()) sum.update(`${relative(root, file)}\n`).update(readFileSync(file));
  return sum.digest('hex');
}

/** True when dist/ is current afterwards. The compiler's own messages say why not. */
export function ensureBuild({ force = false } = {}) {
  const hash = hashOfSources();
  if (!force && existsSync(stamp) && readFileSync(stamp, 'utf8') === hash) return true;
  console.log('Build: compiling src/ to dist/.');
  const made = join(root, `dist-new-${process.pid}`);
  const compiler = join(root, 'node_modules', 'typescript', 'bin', 'tsc');
  if (!existsSync(compiler)) {
    console.error('The TypeScript compiler is not installed. Run "npm ci" first.');
    return false;
  }
  const { status } = spawnSync(node24(), [compiler, '-p', 'tsconfig.build.json', '--outDir', made], {
    cwd: root,
    stdio: 'inherit',
  });
  if (status === 0) {
    writeFileSync(join(made, 'sources.sha256'), hash);
    rmSync(dist, { recursive: true, force: true });
    renameSync(made, dist);
  } else {
    rmSync(made, { recursive: true, force: true });
    console.error('Build: failed; see the messages above.');
  }
  return status === 0;
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  process.exit(ensureBuild({ force: process.argv.includes('--force') }) ? 0 : 1);
}
