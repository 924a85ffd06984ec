import { execFileSync } from 'node:child_process';
import { createServer, type Server } from 'node:net';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { SmallProject } from './small-project.js';

// Real Pythons and real pip; the network is a port of this machine that refuses or stays silent.
const REAL_PYTHON = 'python3.11';
const NOWHERE = { PIP_CONFIG_FILE: '/dev/null', PIP_FIND_LINKS: '', PIP_INDEX_URL: 'http://127.0.0.1:9/simple' };
const MINUTES = 60_000;

let project: SmallProject;
beforeEach(() => {
  project = new SmallProject();
});
afterEach(() => project.remove());

const setUp = (environment: Record<string, string>): ReturnType<SmallProject['run']> =>
  project.run(['scripts/setup.mjs'], environment);

/** A Python that answers questions as the real one does, and can't make environments. */
const pythonWithoutVenv = (): string =>
  project.program(
    'bin/python',
    `case "$1" in -m) echo "No module named $2" >&2; exit 1;; esac`,
    `exec ${REAL_PYTHON} "$@"`,
  );

function stampAs(python: { command: string; executable: string }, torchIndex: string | null = null): void {
  const hash = (...names: string[]): string => {
    const sum = createHash('sha256');
    for (const name of names) sum.update(readFileSync(join(project.root, 'python', name)));
    return sum.digest('hex');
  };
  const runtime = hash('requirements.txt');
  project.program('.venv/bin/python', 'exit 0');
  project.write('.venv/setup.json', JSON.stringify({ runtime, dev: null, python, torchIndex }));
}

describe('npm run setup', () => {
  it('knows in under a second that nothing changed', async () => {
    stampAs({ command: 'python3.11', executable: '/usr/bin/python3.11' });
    const { code, output, seconds } = await setUp({});
    expect(output).toBe('Set-up: .venv is up to date.\n');
    expect(code).toBe(0);
    expect(seconds).toBeLessThan(5); // a loaded machine; alone it is a tenth of a second
  });

  it.each([
    ['a pin changed', {}, (): unknown => project.write('python/requirements.txt', 'torch==2.13.0\nnumpy==1.0\n')],
    ['PYTHON names another Python', { PYTHON: 'no-such-python' }, (): unknown => undefined],
    ['PYTORCH_INDEX_URL names another index', { PYTORCH_INDEX_URL: 'http://127.0.0.1:9' }, (): unknown => undefined],
  ])('starts anew when %s', async (_why, environment, change) => {
    stampAs({ command: 'python3.11', executable: '/usr/bin/python3.11' });
    change();
    const missing = { PYTHON: 'no-such-python' };
    const { code, output } = await setUp({ ...missing, ...environment });
    expect(code).toBe(1);
    expect(output).toContain('no-such-python not found');
    expect(project.environments()).toEqual(['.venv']);
  });

  it('says in one message which Pythons it tried and what to install', async () => {
    project.program(
      'bin/python3',
      `echo '${JSON.stringify({ version: [3, 9, 2], bits: 64, implementation: 'CPython' })}'`,
    );
    const { code, output } = await setUp({ PATH: join(project.root, 'bin') });
    expect(code).toBe(1);
    expect(output).toContain('it needs CPython 3.11 to 3.14, 64-bit');
    expect(output).toContain('python3.11 not found');
    expect(output).toContain('python3 is 3.9, too old');
    expect(output).toContain('PYTHON=/path/to/python3.11 npm run setup');
    expect(output).not.toContain('    at ');
  });

  it(
    'prints the line to type when Python has neither venv nor virtualenv',
    async () => {
      project.program('bin/virtualenv', 'exit 1');
      const PATH = `${join(project.root, 'bin')}:${process.env.PATH}`;
      const { code, output } = await setUp({ PATH, PYTHON: pythonWithoutVenv() });
      expect(code).toBe(1);
      expect(output).toMatch(
        /Type this, then run it again:\n {2}(sudo apt install python3\.\d+-venv|.* -m pip install --user virtualenv)\n/,
      );
      expect(project.environments()).toEqual([]);
    },
    2 * MINUTES,
  );

  it(
    'leaves nothing behind when Ctrl-C comes in the middle',
    async () => {
      let stopped = false;
      const PYTHON = project.program(
        'bin/python',
        `case "$1" in -m) mkdir -p "$3"; exec sleep 600;; esac`,
        `exec ${REAL_PYTHON} "$@"`,
      );
      const { code, output } = await project.run(['scripts/setup.mjs'], { PYTHON }, (soFar, child) => {
        if (stopped || !soFar.includes('s: making the environment')) return;
        stopped = true;
        process.kill(-child.pid!, 'SIGINT');
      });
      expect(code).toBe(130);
      expect(output).toContain('Set-up was interrupted; nothing is half-made.');
      expect(project.environments()).toEqual([]);
    },
    2 * MINUTES,
  );

  it(
    'does not wait for minutes for an index that refuses',
    async () => {
      const { code, output, seconds } = await setUp(NOWHERE);
      expect(output).toContain('A package index could not be reached');
      expect(code).toBe(1);
      expect(seconds).toBeLessThan(90); // most of it is Python making an environment
      expect(project.environments()).toEqual([]);
    },
    3 * MINUTES,
  );

  it(
    'says that PYTORCH_INDEX_URL does not answer, be it silent',
    async () => {
      const silent: Server = createServer(() => undefined);
      await new Promise<void>((listening) => silent.listen(0, '127.0.0.1', listening));
      const { port } = silent.address() as { port: number };
      const { code, output, seconds } = await setUp({ ...NOWHERE, PYTORCH_INDEX_URL: `http://127.0.0.1:${port}/whl` });
      silent.close();
      expect(output).toContain(`PYTORCH_INDEX_URL=http://127.0.0.1:${port}/whl does not answer`);
      expect(code).toBe(1);
      expect(seconds).toBeLessThan(90);
    },
    3 * MINUTES,
  );
});

describe('the CPU kernels in npm run setup', () => {
  // Answers as a compiler does and writes an empty file where the object or the library goes.
  const COMPILER = [
    'case "$*" in *--version) echo "cc of a test"; exit 0;; esac',
    'while [ "$1" != -o ]; do shift; done; : > "$2"',
  ];
  const START =
    "import { ensureEnvironment } from './scripts/setup/environment.mjs';\nconsole.log(await ensureEnvironment());\n";
  const LIBRARY = /^libnanochat-[0-9a-f]{16}-[0-9a-f]{8}\.so$/;
  // Set-up's own PATH: what is in it is all that can be found.
  let PATH: string;

  beforeEach(() => {
    stampAs({ command: 'python3.11', executable: '/usr/bin/python3.11' });
    const executable = execFileSync(REAL_PYTHON, ['-c', 'import sys; print(sys.executable)'], { encoding: 'utf8' });
    project.program('.venv/bin/python', `exec '${executable.trim()}' "$@"`);
    project.write('start.mjs', START);
    project.addKernels();
    PATH = join(project.root, 'bin');
  });

  it('compiles them when they are missing, and again only when a source changed', async () => {
    project.program('bin/cc', ...COMPILER);
    const first = await setUp({ PATH });
    expect(first.output).toContain('Set-up: CPU kernels: compiling generic');
    expect(first.code).toBe(0);
    const [library] = project.builtKernels();
    expect(project.builtKernels()).toEqual([expect.stringMatching(LIBRARY), 'setup.json']);

    expect((await setUp({ PATH })).output).toBe('Set-up: .venv is up to date.\n');

    project.write('python/nanochat_engine/kernels/native/dispatch.c', 'int nc_changed;\n');
    expect((await setUp({ PATH })).output).toContain('CPU kernels: compiling');
    expect(project.builtKernels()).toEqual([expect.stringMatching(LIBRARY), 'setup.json']);
    expect(project.builtKernels()[0]).not.toBe(library);
  });

  it('goes on without a compiler, says so once, and compiles when one is there', async () => {
    const first = await project.run(['start.mjs'], { PATH });
    expect(first.output).toContain('no C compiler found: the engine uses PyTorch');
    expect(first.code).toBe(0);
    expect((await project.run(['start.mjs'], { PATH })).output).toBe('false\n');

    project.program('bin/gcc', ...COMPILER);
    expect((await project.run(['start.mjs'], { PATH })).output).toMatch(/compiling generic[^]*\ntrue\n$/);
    expect(project.builtKernels()).toEqual([expect.stringMatching(LIBRARY), 'setup.json']);
  });

  it('tries a failed compilation again when it is asked for, not at each start', async () => {
    project.program(
      'bin/cc',
      'case "$*" in *--version) echo "cc of a test";; *) echo "error: no stdio.h"; exit 1;; esac',
    );
    const first = await project.run(['start.mjs'], { PATH });
    expect(first.output).toContain('Set-up: error: no stdio.h\n');
    expect(first.code).toBe(0);
    expect((await project.run(['start.mjs'], { PATH })).output).toBe('false\n');
    expect((await setUp({ PATH })).output).toContain('Set-up: error: no stdio.h\n');
  });

  it(
    'leaves nothing behind when Ctrl-C comes in the middle',
    async () => {
      project.program('bin/cc', 'case "$*" in *--version) echo "cc of a test";; *) exec /bin/sleep 600;; esac');
      let stopped = false;
      const { code, output } = await project.run(['scripts/setup.mjs'], { PATH }, (soFar, child) => {
        if (stopped || !soFar.includes('s: compiling the CPU kernels')) return;
        stopped = true;
        process.kill(-child.pid!, 'SIGINT');
      });
      expect(code).toBe(130);
      expect(output).toContain('Set-up was interrupted; nothing is half-made.');
      expect(project.builtKernels()).toEqual([]);
    },
    2 * MINUTES,
  );
});
