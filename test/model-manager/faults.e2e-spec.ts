import { existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { lastValueFrom } from 'rxjs';
import { HubStart, MODEL, until } from './hub-start.js';

let start: HubStart;
let size: number;
beforeEach(async () => {
  start = await HubStart.create();
  size = start.repository.file(MODEL).content.length;
});
afterEach(() => start.close());

const incomplete = (): string => `${start.blob(MODEL)}.incomplete`;
const bytesOnDisk = (): number => (existsSync(incomplete()) ? statSync(incomplete()).size : 0);
const isWhole = (): boolean =>
  readFileSync(join(start.snapshot, MODEL)).equals(start.repository.file(MODEL).content) && !existsSync(incomplete());

/** Half of the model is on the disk, and nothing more comes until the test says so. */
async function halfWay(manager = start.manager()) {
  start.hub.faults.plan(MODEL, { kind: 'hold' });
  const end = lastValueFrom(manager.resolve(), { defaultValue: null });
  await until(manager, () => bytesOnDisk() === size >> 1);
  return { manager, end };
}

describe('a download that is cut', () => {
  it('goes on from the bytes that it has, and none of them is fetched again', async () => {
    const { end } = await halfWay();
    start.hub.cut();
    expect(await end).toMatchObject({ state: 'ready' });
    expect(start.hub.downloads(MODEL).map(({ range }) => range)).toEqual([undefined, `bytes=${size >> 1}-${size - 1}`]);
    expect(start.hub.sent.get(MODEL)).toBe(size);
    expect(isWhole()).toBe(true);
  });

  it('is resumed by the next start when the server was stopped', async () => {
    const { manager, end } = await halfWay();
    await manager.stop();
    expect(await end).not.toMatchObject({ state: 'ready' });
    expect(bytesOnDisk()).toBe(size >> 1);
    expect(existsSync(start.blob(MODEL))).toBe(false);
    expect(await start.resolve()).toMatchObject({ state: 'ready' });
    expect(start.hub.sent.get(MODEL)).toBe(size);
    expect(isWhole()).toBe(true);
  });

  it('starts anew where the server has no ranges, and is still verified', async () => {
    start.hub.supportsRanges = false;
    const { end } = await halfWay();
    start.hub.cut();
    expect(await end).toMatchObject({ state: 'ready' });
    expect(start.hub.sent.get(MODEL)).toBe((size >> 1) + size);
    expect(isWhole()).toBe(true);
  });

  it('again and again, without a byte gained, ends with the reason after the limit', async () => {
    start.hub.supportsRanges = false;
    start.hub.faults.plan(MODEL, { kind: 'cut' }, Infinity);
    const { state, reason } = await start.resolve({ HUB_RETRIES: '2' });
    expect(state).toBe('failed');
    expect(reason).toMatch(/model_000001\.pt: the connection was cut .*; given up after 3 attempts in a row/);
    expect(existsSync(start.blob(MODEL))).toBe(false);
  });

  it('is cut by a deadline itself when no byte comes, and resumed', async () => {
    start.hub.faults.plan(MODEL, { kind: 'hold' });
    expect(await start.resolve({ HUB_STALL_SECONDS: '0.5' })).toMatchObject({ state: 'ready' });
    const asked = start.hub.downloads(MODEL);
    expect(asked).toHaveLength(2);
    expect(asked[1]!.at - asked[0]!.at).toBeGreaterThanOrEqual(490);
    expect(start.hub.sent.get(MODEL)).toBe(size);
    expect(isWhole()).toBe(true);
  });
});

describe('a file with a wrong checksum', () => {
  it('never gets its final name, and is fetched once more', async () => {
    start.hub.faults.plan(MODEL, { kind: 'wrong' });
    expect(await start.resolve({ HUB_RETRIES: '0' })).toMatchObject({ state: 'ready' });
    expect(start.hub.sent.get(MODEL)).toBe(2 * size);
    expect(isWhole()).toBe(true);
  });

  it.each([MODEL, 'meta_000001.json'])('is named in the error when %s comes so twice', async (path) => {
    start.hub.faults.plan(path, { kind: 'wrong' }, Infinity);
    const { state, reason } = await start.resolve();
    expect(state).toBe('failed');
    expect(reason).toContain(`org/golden, ${path}: what came has not the checksum`);
    expect(reason).toContain(start.repository.file(path).etag);
    expect(start.hub.downloads(path)).toHaveLength(2);
    expect(existsSync(start.blob(path))).toBe(false);
    expect(existsSync(start.snapshot)).toBe(false);
  });

  it('is found out as well when another program has left the wrong half of it', async () => {
    mkdirSync(dirname(incomplete()), { recursive: true });
    writeFileSync(incomplete(), Buffer.alloc(1000));
    expect(await start.resolve()).toMatchObject({ state: 'ready' });
    expect(start.hub.downloads(MODEL).map(({ range }) => range)).toEqual([`bytes=1000-${size - 1}`, undefined]);
    expect(isWhole()).toBe(true);
  });

  it('is fetched anew when what has its name is shorter', async () => {
    await start.resolve();
    writeFileSync(start.blob(MODEL), 'cut');
    expect(await start.resolve()).toMatchObject({ state: 'ready' });
    expect(isWhole()).toBe(true);
  });
});

describe('a Hub that refuses', () => {
  it.each(['api', MODEL])('with 429 (%s) is asked again when it said', async (at) => {
    start.hub.faults.plan(at, { kind: 'status', status: 429, headers: { 'retry-after': '1' } });
    const manager = start.manager();
    const end = lastValueFrom(manager.resolve());
    const { note } = await until(manager, (progress) => progress.note !== null);
    expect(note).toMatch(/429.*too many requests; next attempt in 1 s/);
    expect(await end).toMatchObject({ state: 'ready', note: null });
    const asked = at === 'api' ? start.hub.asked : start.hub.downloads(MODEL);
    expect(asked[1]!.at - asked[0]!.at).toBeGreaterThanOrEqual(990);
  });

  it('with 429 and a wait that nobody would sit through ends at once, and says so', async () => {
    start.hub.faults.plan('api', { kind: 'status', status: 429, headers: { 'retry-after': '86400' } });
    expect((await start.resolve()).reason).toMatch(/429.*asks for a wait of 86400 s/);
  });

  it('with 503 is asked again with longer waits, and serves in the end', async () => {
    start.hub.faults.plan('api', { kind: 'status', status: 503 }, 2);
    start.hub.faults.plan(MODEL, { kind: 'status', status: 503 }, 1);
    expect(await start.resolve({ HUB_RETRY_SECONDS: '0.1' })).toMatchObject({ state: 'ready' });
    const [first, second, third] = start.hub.asked;
    expect(second!.at - first!.at).toBeGreaterThanOrEqual(95);
    expect(third!.at - second!.at).toBeGreaterThanOrEqual(190);
  });

  it('with 503 for too long is the reason of the failure', async () => {
    start.hub.faults.plan('api', { kind: 'status', status: 503 }, Infinity);
    const { state, reason } = await start.resolve({ HUB_RETRIES: '3' });
    expect(state).toBe('failed');
    expect(reason).toBe(`org/golden: ${start.hub.endpoint} answers 503; given up after 4 attempts in a row`);
    expect(start.hub.asked).toHaveLength(4);
  });

  it.each([
    [401, {}, {}, /private or gated, or does not exist; set HF_TOKEN/],
    [403, {}, { HF_TOKEN: 'hf_x' }, /private or gated, and HF_TOKEN has no access to it; ask for access at/],
    [404, {}, {}, /no such repository, revision or file; correct MODEL, or HF_ENDPOINT/],
    [404, { 'x-error-code': 'RevisionNotFound' }, {}, /no such revision; correct what follows the @ in MODEL/],
  ])('with %i is asked once, and the reason says what to do', async (status, headers, environment, reason) => {
    start.hub.faults.plan('api', { kind: 'status', status, headers }, Infinity);
    const failed = await start.resolve(environment);
    expect(failed).toMatchObject({ state: 'failed' });
    expect(failed.reason).toMatch(reason);
    expect(failed.reason).not.toContain('hf_x');
    expect(start.hub.asked).toHaveLength(1);
  });

  it('a file with 403 names it, and shows nothing of its signed address', async () => {
    start.hub.faults.plan(MODEL, { kind: 'status', status: 403 }, Infinity);
    const { reason } = await start.resolve();
    expect(reason).toContain(`org/golden, ${MODEL}: `);
    expect(reason).not.toContain('Signature');
  });

  it('and one that is not there is the reason after the limit', async () => {
    const { endpoint } = start.hub;
    await start.hub.close();
    const { reason } = await start.resolve({ HUB_RETRIES: '1' });
    expect(reason).toBe(
      `${endpoint} can't be reached (ECONNREFUSED); see HF_ENDPOINT and HTTPS_PROXY; given up after 2 attempts in a row`,
    );
  });
});

describe('the progress', () => {
  it('says what is true: bytes, total, rate and time left, also of what was there before', async () => {
    const { manager, end } = await halfWay();
    const total = size + start.repository.file('meta_000001.json').content.length + 2520;
    const half = total - size + (size >> 1);
    const told = await until(manager, ({ bytesDone, rate }) => bytesDone === half && rate !== null);
    expect(told).toMatchObject({ state: 'downloading', bytesTotal: total });
    expect(told.secondsLeft).toBeCloseTo((total - half) / told.rate!, 3);
    await manager.stop();
    await end;
    const next = await halfWayOfTheRest(total - (size >> 2));
    expect(next.rate).not.toBeNull();
  });
});

/** A second start, held at the half of what the first has left. */
async function halfWayOfTheRest(bytes: number) {
  start.hub.faults.plan(MODEL, { kind: 'hold' });
  const manager = start.manager();
  manager.resolve().subscribe();
  return until(manager, ({ bytesDone }) => Math.abs(bytesDone - bytes) <= 1);
}
