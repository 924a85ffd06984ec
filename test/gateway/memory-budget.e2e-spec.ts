import { afterEach, describe, expect, it } from '@jest/globals';
import { Settings } from '../../src/config/settings.js';
import { ModelManager } from '../../src/model-manager/model-manager.service.js';
import { countsOf, type FakeEngineScript } from '../fake-engine/fake-engine.js';
import { chunksOf } from './event-lines.js';
import { Exposition } from './exposition.js';
import { RecordedLog } from './recorded-log.js';
import { CHAT, ServedGateway } from './served-gateway.js';

/** Well over what a fake engine takes, and a hoard that is well over the budget. */
const BUDGET = 300 * 2 ** 20;
const HOARD = { hoardBytes: BUDGET };
const REPLY = 'word '.repeat(60).trimEnd();

// Of other systems than Linux the server does not learn what a process holds.
const describeOnLinux = process.platform === 'linux' ? describe : describe.skip;

let gateway: ServedGateway;
let log: RecordedLog;

afterEach(() => gateway.close());

async function start(script: FakeEngineScript = {}, budget = BUDGET): Promise<void> {
  log = new RecordedLog();
  const environment = { WORKER_MEMORY_LIMIT_BYTES: String(budget) };
  gateway = await ServedGateway.start({ reply: REPLY, ...script }, environment, { logger: log });
}

const ask = async (): Promise<string> => {
  const answer = await gateway.post({ ...CHAT, stream: true });
  return chunksOf(await answer.text())
    .map(({ choices, error }) => error?.message ?? choices[0]?.delta.content ?? '')
    .join('');
};

/** Health has been looked at so often since that the budget has been judged more than once. */
async function lookedAt(): Promise<void> {
  const { healths } = await countsOf(gateway.enginePort);
  await gateway.seen((counts) => counts.healths > healths + 8);
}

const measure = async (sample: string): Promise<number> =>
  (await Exposition.of(gateway.address)).get(`nanochat:${sample}`);

describeOnLinux('a worker over its memory budget', () => {
  it('is replaced while streams run, and no request fails', async () => {
    await start({ tokenDelayMs: 10 });
    const before = [ask(), ask(), ask()];
    const { pid } = gateway.pool.status.workers[0]!;
    await gateway.rescript(HOARD);
    const during: Promise<string>[] = [];
    const replaced = gateway.until(({ workers }) => workers[0]!.pid !== pid && workers[0]!.state === 'ready');
    let over = false;
    void replaced.then(() => (over = true));
    while (!over) {
      during.push(ask());
      await during.at(-1);
    }
    for (const text of await Promise.all([...before, ...during, ask()])) expect(text).toBe(REPLY);
    expect(gateway.engine.starts).toHaveLength(2);
    expect(await measure('worker_replacements_total{worker="worker-0",reason="memory"}')).toBe(1);
    expect(await measure('worker_over_memory_budget{worker="worker-0"}')).toBe(0);
    expect(await measure('worker_memory_bytes{worker="worker-0"}')).toBeLessThan(BUDGET);
    await log.logged('warn', /worker-0 is over its memory budget \(\d+ MiB of 300 MiB\); it is replaced now/);
  });

  it('is not replaced again at once where the next one grows too', async () => {
    await start({ lives: [{}, {}] });
    const { pid } = gateway.pool.status.workers[0]!;
    await gateway.rescript(HOARD);
    await gateway.until(({ workers }) => workers[0]!.pid !== pid && workers[0]!.state === 'ready');
    await gateway.rescript(HOARD);
    await gateway.until(({ workers }) => workers[0]!.memoryVerdict === 'exceeded');
    await lookedAt();
    expect(gateway.engine.starts).toHaveLength(2);
    expect(await measure('worker_over_memory_budget{worker="worker-0"}')).toBe(1);
    await log.logged('warn', /it is replaced in \d+ s, as it was replaced not long ago/);
    expect(await ask()).toBe(REPLY);
  });

  it('is kept where it never was under it, and told once', async () => {
    await start({}, 2 ** 20);
    await gateway.until(({ workers }) => workers[0]!.memoryVerdict === 'too-small');
    await lookedAt();
    expect(gateway.engine.starts).toHaveLength(1);
    expect(
      log.lines.filter(({ message }) => String(message).includes('raise WORKER_MEMORY_LIMIT_BYTES')),
    ).toMatchObject([{ level: 'error' }]);
    expect(await measure('worker_over_memory_budget{worker="worker-0"}')).toBe(1);
    expect(await ask()).toBe(REPLY);
  });

  it('has the budget that its settings had when it came', async () => {
    await start({}, 2 ** 20);
    await gateway.until(({ workers }) => workers[0]!.memoryVerdict === 'too-small');
    const settings: Settings = { ...gateway.app.get(Settings), workerMemoryLimitBytes: BUDGET };
    await gateway.pool.replace(settings, new ModelManager(settings));
    await lookedAt();
    expect(await measure('worker_over_memory_budget{worker="worker-0"}')).toBe(0);
    await gateway.rescript(HOARD);
    await log.logged('warn', /worker-0 is over its memory budget \(\d+ MiB of 300 MiB\); it is replaced now/);
  });

  it('keeps its place where its successor can not be had', async () => {
    await start({ lives: [{}, { exitBeforeReady: 78 }] });
    await gateway.rescript(HOARD);
    await log.logged('error', /worker-0 keeps its place: /);
    expect(await ask()).toBe(REPLY);
    expect(gateway.pool.status.workers[0]).toMatchObject({ state: 'ready', memoryVerdict: 'exceeded' });
  });
});
