// What pip was told by its configuration files and environment: folders with builds, and how to reach an index.
import { existsSync, statSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { run } from './run.mjs';

const REACH = ['proxy', 'cert', 'client-cert', 'trusted-host'];

/** {folders, reach}: local folders of find-links, and the flags that reach an index through proxies and certificates. */
export async function pipConfiguration(python, signal) {
  const { output } = await run(python, ['-m', 'pip', 'config', 'list'], { signal });
  const values = (name) =>
    [...output.matchAll(new RegExp(`^[\\w-]+\\.${name}='(.*)'$|^:env:\\.${name}='(.*)'$`, 'gm'))].flatMap((match) =>
      (match[1] ?? match[2]).split(/\s+|\\n/).filter(Boolean),
    );
  const folders = values('find-links')
    .map((one) => (one.startsWith('file:') ? fileURLToPath(one) : one))
    .filter((one) => existsSync(one) && statSync(one).isDirectory());
  return { folders, reach: REACH.flatMap((name) => values(name).flatMap((value) => [`--${name}`, value])) };
}
