import { execFileSync } from 'node:child_process';
import { mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { readSettings } from '../../src/config/read-settings.js';
import { createGateway } from '../../src/gateway.js';
import { build, GatewayProcess } from './gateway-process.js';
import { makeKey } from './made-key.js';
import { RecordedLog } from './recorded-log.js';
import { ServedGateway } from './served-gateway.js';

const root = fileURLToPath(new URL('../..', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'keys-'));

beforeAll(build);
afterAll(() => rmSync(folder, { recursive: true }));

const started = async (environment: Record<string, string>): Promise<void> => {
  const app = await createGateway(readSettings(environment), false);
  await app.close();
};

describe('a start without keys', () => {
  it('is refused beyond loopback, with one message that names both ways out', async () => {
    const gateway = await GatewayProcess.spawn({}, { HOST: '0.0.0.0' });
    expect(await gateway.exited).toBe(1);
    expect(gateway.errors).toMatch(/^Wrong setting: HOST=0\.0\.0\.0 .*API_KEYS.*ALLOW_ANONYMOUS=true.*\n$/);
    expect(gateway.output).toBe('');
    expect(gateway.engine.starts).toEqual([]);
    await gateway.close();
  });

  it.each(['::', '192.168.0.1', 'my.example', '127.evil.example'])('is refused on HOST=%s', async (host) => {
    await expect(started({ HOST: host })).rejects.toThrow(/ALLOW_ANONYMOUS/);
  });

  it.each(['127.0.0.1', '127.1.2.3', '::1', 'localhost'])('goes on with HOST=%s', async (host) => {
    await started({ HOST: host });
  });

  it('goes on beyond loopback with ALLOW_ANONYMOUS=true, and with keys', async () => {
    await started({ HOST: '0.0.0.0', ALLOW_ANONYMOUS: 'true' });
    await started({ HOST: '0.0.0.0', API_KEYS: makeKey('alice').entry });
  });
});

describe('a start with keys that can not be read', () => {
  const file = join(folder, 'broken');

  it.each([
    ['API_KEYS', 'a plain secret', /API_KEYS=\(hidden\)/],
    ['API_KEYS', 'sk-plainsecret', /API_KEYS: entry 1/],
    ['API_KEYS', `${makeKey('a').entry},b:plainsecret`, /API_KEYS: entry 2/],
    ['API_KEYS', `${makeKey('a').entry}:plainsecret=3`, /API_KEYS: entry 1/],
    ['API_KEYS', `${makeKey('a').entry}:requests=0`, /API_KEYS: entry 1/],
  ])('is refused for %s=%s without showing it', async (name, value, message) => {
    const failure = await started({ [name]: value }).catch((error: unknown) => error as Error);
    expect(failure).toMatchObject({ name: 'SettingsError', message: expect.stringMatching(message) as unknown });
    expect((failure as Error).message).not.toContain('plainsecret');
  });

  it.each([
    ['# nothing but a comment\n', /holds no key/],
    [`${makeKey('a').entry}\nplainsecret\n`, /line 2/],
  ])('is refused for a file of %j', async (text, message) => {
    writeFileSync(file, text);
    await expect(started({ API_KEYS_FILE: file })).rejects.toThrow(message);
  });

  it('is refused for a file that is not there', async () => {
    await expect(started({ API_KEYS_FILE: join(folder, 'nothing') })).rejects.toThrow(/ENOENT.*nothing/);
  });
});

describe('API_KEYS_FILE', () => {
  const [first, second, third] = [makeKey('first'), makeKey('second'), makeKey('third')];
  const file = join(folder, 'keys');
  const log = new RecordedLog();
  let gateway: ServedGateway;

  beforeAll(async () => {
    writeFileSync(file, `# who may\n${first.entry}  # for now\n\n`);
    gateway = await ServedGateway.start({}, { API_KEYS_FILE: file }, { ready: false, logger: log });
  });
  afterAll(() => gateway.close());

  const status = async ({ bearer }: { bearer: Record<string, string> }): Promise<number> =>
    (await fetch(`${gateway.address}/v1/models`, { headers: bearer })).status;

  it('is read again when it is written, or replaced by another as a mounted secret is', async () => {
    expect([await status(first), await status(second)]).toEqual([200, 401]);
    writeFileSync(file, `${second.entry}\n`);
    await log.logged('log', /read again: second/);
    expect([await status(first), await status(second)]).toEqual([401, 200]);
    writeFileSync(join(folder, 'data'), `${second.entry}\n${third.entry}\n`);
    symlinkSync(join(folder, 'data'), `${file}.new`);
    renameSync(`${file}.new`, file);
    await log.logged('log', /read again: second, third/);
    expect(await status(third)).toBe(200);
  });

  it.each([
    ['is broken', 'eve:plainsecret\n'],
    ['is empty', ''],
  ])('leaves the keys as they were, and tells an error, when it %s', async (_how, text) => {
    const before = log.lines.length;
    writeFileSync(file, text);
    const told = await log.logged('error', /the keys before it hold/);
    expect(log.lines.length).toBeGreaterThan(before);
    expect(told).not.toContain('plainsecret');
    expect([await status(second), await status(third), await status(first)]).toEqual([200, 200, 401]);
    log.lines.length = 0;
  });
});

describe('npm run key', () => {
  const run = (...args: string[]): string =>
    execFileSync(process.execPath, ['dist/auth/key-command.js', ...args], {
      cwd: root,
      encoding: 'utf8',
      stdio: 'pipe',
    });

  it('prints a key and the entry by which the server knows it', async () => {
    const [, key, entry] = /^key {4}(sk-nanochat-[\w-]{43})\nentry {2}(carol:[0-9a-f]{64}:requests=5)\n$/.exec(
      run('carol', 'requests=5'),
    )!;
    const gateway = await ServedGateway.start({}, { API_KEYS: entry! }, { ready: false });
    const answer = await fetch(`${gateway.address}/v1/models`, { headers: { 'x-api-key': key! } });
    expect(answer.status).toBe(200);
    await gateway.close();
  });

  it('never prints the same key twice', () => {
    expect(run('carol')).not.toBe(run('carol'));
  });

  it.each([[[]], [['a b']], [['carol', 'requests=many']]])('explains itself for %j', (args) => {
    expect(() => run(...args)).toThrow(/npm run key -- NAME/);
  });
});
