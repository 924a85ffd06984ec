// Where PyTorch is taken from, and how large that will be. The same pin has CPU builds and CUDA builds of several GB.
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { SetupError, readable } from './message.mjs';
import { pipConfiguration } from './pip-configuration.mjs';
import { run } from './run.mjs';
import { requirements } from './stamp.mjs';

export const CPU_INDEX = 'https://download.pytorch.org/whl/cpu';
const PROBE_MS = 10_000;
const CPU_SIZE = 'about 190 MB to download, 1 GB on disk';
const CUDA_SIZE = 'a CUDA build, about 3 GB to download and 7 GB on disk';

const hasNvidiaDriver = () =>
  ['/proc/driver/nvidia/version', '/dev/nvidiactl', '/usr/lib/wsl/lib/libcuda.so.1'].some((file) => existsSync(file));

/**
 * {index, build, says}: an index to add to pip's own and the exact build to take from it, or null and null for pip's own.
 * PYTORCH_INDEX_URL decides when set. Raises SetupError when that has no build.
 */
export async function torchSource(python, { environment, signal }) {
  const version = /^torch==([\d.]+)/m.exec(readFileSync(requirements, 'utf8'))?.[1];
  const name = `PyTorch ${version}`;
  const pip = await pipConfiguration(python.inside, signal);
  const buildAt = (index) => findBuild(python.inside, { index, version, reach: pip.reach, signal });
  const ownIndex = (says) => ({ index: null, build: null, says });
  const chosen = environment.PYTORCH_INDEX_URL;
  if (chosen) {
    const build = await buildAt(chosen);
    if (build) return { index: chosen, build, says: `PyTorch ${build} from ${chosen} (PYTORCH_INDEX_URL)` };
    throw new SetupError(
      `PYTORCH_INDEX_URL=${chosen} does not answer, or has no torch ${version} for this Python.\n` +
        `Correct it, for example PYTORCH_INDEX_URL=${CPU_INDEX}, or unset it to let set-up choose.`,
    );
  }
  const local = localBuild(pip.folders, version, python.tag);
  if (local) return ownIndex(`${name} from ${local} (${readable(statSync(local).size)}, on this disk)`);
  if (process.platform !== 'linux') return ownIndex(`${name} from pip's default index, about 100 MB to download`);
  if (hasNvidiaDriver()) return ownIndex(`${name} from pip's default index, for this NVIDIA driver: ${CUDA_SIZE}`);
  const build = await buildAt(CPU_INDEX);
  if (build)
    return { index: CPU_INDEX, build, says: `PyTorch ${build} (no NVIDIA driver here) from ${CPU_INDEX}, ${CPU_SIZE}` };
  return ownIndex(`${name} from pip's default index, since ${CPU_INDEX} does not answer: it may be ${CUDA_SIZE}`);
}

// pip itself is asked, of this one index, so that tags, proxies and certificates are pip's. One that hangs is given up.
async function findBuild(python, { index, version, reach, signal }) {
  const environment = { ...process.env, PIP_CONFIG_FILE: '/dev/null' };
  for (const name of ['PIP_EXTRA_INDEX_URL', 'PIP_FIND_LINKS', 'PIP_NO_INDEX']) delete environment[name];
  const flags = ['--retries', '0', '--timeout', '4', '--no-input', '--disable-pip-version-check', ...reach];
  const { code, output } = await run(
    python,
    ['-m', 'pip', 'index', 'versions', 'torch', '--index-url', index, ...flags],
    {
      signal: AbortSignal.any([signal, AbortSignal.timeout(PROBE_MS)]),
      environment,
    },
  );
  if (code !== 0) return null;
  const offered = /^Available versions: (.*)$/m.exec(output)?.[1]?.split(', ') ?? [];
  return offered.find((one) => one === version || one.startsWith(`${version}+`)) ?? null;
}

function localBuild(folders, version, tag) {
  const name = new RegExp(`^torch-${version.replaceAll('.', '\\.')}(\\+[^-]+)?-${tag}-.*\\.whl$`);
  for (const folder of folders) {
    const build = readdirSync(folder).find((file) => name.test(file));
    if (build) return join(folder, build);
  }
  return null;
}
