import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { build } from '../gateway/gateway-process.js';
import { HubStart, MODEL } from './hub-start.js';

const root = fileURLToPath(new URL('../..', import.meta.url));
jest.setTimeout(180_000);

let start: HubStart;
beforeAll(build);
beforeEach(async () => {
  start = await HubStart.create();
});
afterEach(() => start.close());

interface Ran {
  child: ChildProcess;
  end: Promise<{ code: number | null; output: string; errors: string }>;
}

/** `npm run model --`, without npm. */
function model(...args: string[]): Ran {
  const { MODEL: _served, ...environment } = start.environment;
  const child = spawn(process.execPath, ['dist/model-command/main.js', ...args], {
    cwd: root,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { PATH: process.env['PATH'], ...environment },
  });
  let [output, errors] = ['', ''];
  child.stdout.setEncoding('utf8').on('data', (text: string) => (output += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (errors += text));
  const end = once(child, 'close').then(([code]) => ({ code: code as number | null, output, errors }));
  return { child, end };
}

describe('npm run model', () => {
  it('pulls a model and prints its folder, lists it, and takes it away again', async () => {
    const pulled = await model('pull', 'org/golden').end;
    expect(pulled).toMatchObject({ code: 0, output: `${start.snapshot}\n` });
    expect(pulled.errors).toMatch(/^downloading org\/golden: /);
    const listed = await model('list').end;
    expect(listed.output).toMatch(new RegExp(`^org/golden +860 kB +${start.cache}$`, 'm'));
    expect(await model('remove', 'org/golden').end).toMatchObject({ code: 0, output: `removed ${start.cache}\n` });
    expect(existsSync(start.cache)).toBe(false);
    expect(await model('remove', 'org/golden').end).toMatchObject({ code: 1, output: '' });
  });

  it('verifies every file by its checksum, and names the one that is damaged', async () => {
    await start.resolve();
    const whole = await model('verify', 'org/golden').end;
    expect(whole).toMatchObject({ code: 0, errors: '' });
    expect(whole.output.match(/^ok /gm)).toHaveLength(3);
    const bytes = readFileSync(start.blob(MODEL));
    bytes[1000]! ^= 1;
    writeFileSync(start.blob(MODEL), bytes);
    const damaged = await model('verify', 'org/golden').end;
    expect(damaged.code).toBe(1);
    expect(damaged.output).toMatch(/^WRONG +model_000001\.pt$/m);
    expect(damaged.errors).toContain('npm run model -- remove org/golden, then pull org/golden again');
  });

  it('tells generation, parameters, context, vocabulary, size and memory by dtype', async () => {
    await start.resolve();
    const { code, output, errors } = await model('info', 'org/golden').end;
    expect([code, errors]).toEqual([0, '']);
    for (const line of [/^generation +G0$/m, /^parameters +[\d,]+ in \d+ layers/m, /^context +1,024 tokens$/m]) {
      expect(output).toMatch(line);
    }
    for (const line of [
      /^vocabulary +331 tokens$/m,
      /^on disk +860 kB$/m,
      /^float32 +.* of weights, /m,
      /^bfloat16 /m,
    ]) {
      expect(output).toMatch(line);
    }
  });

  it('stops at SIGINT with 130, and goes on with the next pull', async () => {
    start.hub.faults.plan(MODEL, { kind: 'hold' });
    const { child, end } = model('pull', 'org/golden');
    const file = `${start.blob(MODEL)}.incomplete`;
    const half = start.repository.file(MODEL).content.length >> 1;
    while (!existsSync(file) || statSync(file).size !== half) await new Promise((resolve) => setImmediate(resolve));
    child.kill('SIGINT');
    expect(await end).toMatchObject({ code: 130, output: '' });
    expect(await model('pull', 'org/golden').end).toMatchObject({ code: 0 });
    expect(start.hub.sent.get(MODEL)).toBe(start.repository.file(MODEL).content.length);
  });

  it('fails with the reason alone, and with its usage when it is asked wrongly', async () => {
    const { code, output, errors } = await model('pull', 'org/nothing').end;
    expect([code, output]).toEqual([1, '']);
    expect(errors).toMatch(/^org\/nothing: .* answers 401.*set HF_TOKEN/);
    expect((await model('info', 'org/golden').end).errors).toMatch(
      /^org\/golden is not in the cache .*; pull it first\n$/,
    );
    expect(await model('get', 'org/golden').end).toMatchObject({ code: 2, output: '' });
  });
});
