// Where PyTorch is taken from, and how large that will be. The same pin has CPU builds and CUDA builds of several GB.
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { SetupError, readable } from './message.mjs';
import { run } from './run.mjs';
import { requirements } from './stamp.mjs';

export const CPU_INDEX = 'https://download.pytorch.org/whl/cpu';
const PROBE_MS = 10_000;
const CPU_SIZE = 'about 190 MB to download, 900 MB on disk';
const CUDA_SIZE = 'a CUDA build, about 3 GB to download and 7 GB on disk';

const hasNvidiaDriver = () =>
  ['/proc/driver/nvidia/version', '/dev/nvidiactl', '/usr/lib/wsl/lib/libcuda.so.1'].some((file) => existsSync(file));

/** {index, says}: an index to add to pip's own, or null. PYTORCH_INDEX_URL decides when set. Raises SetupError. */
export async function torchSource(python, { environment, signal }) {
  const version = /^torch==([\d.]+)/m.exec(readFileSync(requirements, 'utf8'))?.[1];
  const name = `PyTorch ${version}`;
  const chosen = environment.PYTORCH_INDEX_URL;
  if (chosen) {
    if (await answers(python, chosen, version, signal)) return { index: chosen, says: `${name} from ${chosen}` };
    throw new SetupError(
      `PYTORCH_INDEX_URL=${chosen} does not answer, or has no torch ${version} for this Python.\n` +
        `Correct it, for example PYTORCH_INDEX_URL=${CPU_INDEX}, or unset it to let set-up choose.`,
    );
  }
  const local = await localBuild(python, version, signal);
  if (local) return { index: null, says: `${name} from ${local} (${readable(statSync(local).size)}, on this disk)` };
  if (process.platform !== 'linux')
    return { index: null, says: `${name} from the default index, about 100 MB to download` };
  if (hasNvidiaDriver())
    return { index: null, says: `${name} from the default index, for this NVIDIA driver: ${CUDA_SIZE}` };
  if (await answers(python, CPU_INDEX, version, signal)) {
    return { index: CPU_INDEX, says: `${name} for the CPU (no NVIDIA driver here) from ${CPU_INDEX}, ${CPU_SIZE}` };
  }
  return {
    index: null,
    says: `${name} from the default index, since ${CPU_INDEX} does not answer: it may be ${CUDA_SIZE}`,
  };
}

// pip itself is asked, so that proxies and certificates are pip's. One that hangs is given up.
async function answers(python, index, version, signal) {
  const limit = AbortSignal.any([signal, AbortSignal.timeout(PROBE_MS)]);
  const flags = ['--retries', '0', '--timeout', '4', '--no-input', '--disable-pip-version-check'];
  const environment = { ...process.env, PIP_EXTRA_INDEX_URL: '', PIP_FIND_LINKS: '' };
  const { code, output } = await run(
    python,
    ['-m', 'pip', 'index', 'versions', 'torch', '--index-url', index, ...flags],
    {
      signal: limit,
      environment,
    },
  );
  return code === 0 && new RegExp(`\\b${version.replaceAll('.', '\\.')}(\\+|,|\\)|\\s|$)`, 'm').test(output);
}

// A build in a folder that pip's configuration names in find-links.
async function localBuild(python, version, signal) {
  const { output } = await run(python, ['-m', 'pip', 'config', 'list'], { signal });
  const folders = [...output.matchAll(/find-links='([^']*)'/g)].flatMap((match) => match[1].split(/\s+|\\n/));
  for (const folder of folders.map((one) => (one.startsWith('file:') ? fileURLToPath(one) : one))) {
    if (!folder || !existsSync(folder) || !statSync(folder).isDirectory()) continue;
    const { output: tag } = await run(python, ['-c', 'import sys; print("cp%d%d" % sys.version_info[:2])'], { signal });
    const build = readdirSync(folder).find((file) =>
      new RegExp(`^torch-${version.replaceAll('.', '\\.')}(\\+[^-]+)?-${tag}-.*\\.whl$`).test(file),
    );
    if (build) return join(folder, build);
  }
  return null;
}
