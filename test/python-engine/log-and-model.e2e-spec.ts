import { rmSync, truncateSync } from 'node:fs';
import { join } from 'node:path';
import type { LoggerService } from '@nestjs/common';
import { afterEach, describe, expect, it } from '@jest/globals';
import { SupervisedFake } from './supervised-fake.js';

let fake: SupervisedFake;
afterEach(() => fake.close());

type Entry = [level: string, message: unknown, context: unknown];

function recorder(): { logger: LoggerService; entries: Entry[] } {
  const entries: Entry[] = [];
  const at =
    (level: string) =>
    (message: unknown, ...rest: unknown[]) =>
      void entries.push([level, message, rest.at(-1)]);
  const logger = Object.fromEntries(
    ['log', 'error', 'warn', 'debug', 'verbose', 'fatal'].map((level) => [level, at(level)]),
  );
  return { logger: logger as unknown as LoggerService, entries };
}

describe("an engine's log", () => {
  it("goes into the gateway's log at its own level, under the worker's name", async () => {
    const { logger, entries } = recorder();
    const log = ['debug', 'info', 'warn', 'error', 'fatal'].map((level) => ({ level, message: `a ${level} line` }));
    fake = await SupervisedFake.start({ log, errorLog: ['Traceback (most recent call last):'] }, { logger });
    await fake.reached('ready');
    const relayed = entries.filter(([, , context]) => context === 'worker-0');
    expect(relayed).toEqual(
      expect.arrayContaining([
        ['debug', 'a debug line', 'worker-0'],
        ['log', 'a info line', 'worker-0'],
        ['warn', 'a warn line', 'worker-0'],
        ['error', 'a error line', 'worker-0'],
        ['fatal', 'a fatal line', 'worker-0'],
        ['warn', 'Traceback (most recent call last):', 'worker-0'],
      ]),
    );
  });

  it('keeps the fields of a line', async () => {
    const { logger, entries } = recorder();
    const line = { level: 'info', message: 'loaded', parameters: 8_000_000 };
    fake = await SupervisedFake.start({ log: [line] }, { logger });
    await fake.reached('ready');
    expect(entries).toContainEqual(['log', { message: 'loaded', parameters: 8_000_000 }, 'worker-0']);
  });

  it('has every change of state', async () => {
    const { logger, entries } = recorder();
    fake = await SupervisedFake.start({ exitBeforeReady: 78 }, { logger });
    await fake.reached('failed');
    const told = entries.filter(([, , context]) => context === 'WorkerPool').map(([level]) => level);
    expect(told).toEqual(expect.arrayContaining(['log', 'warn', 'error']));
  });
});

describe('a model that can not be served', () => {
  it('fails the workers with the name of the file, and starts no child', async () => {
    fake = await SupervisedFake.prepare();
    truncateSync(join(fake.engine.model, 'meta_000001.json'));
    fake.pool.start();
    expect((await fake.reached('failed')).reason).toContain('meta_000001.json is empty');
    expect(fake.pool.status).toMatchObject({ ready: false, everReady: false, allFailed: true });
    expect(fake.engine.starts).toEqual([]);
  });

  it('fails the workers when there is no program to run', async () => {
    fake = await SupervisedFake.prepare();
    rmSync(fake.engine.path);
    fake.pool.start();
    expect((await fake.reached('failed')).reason).toMatch(/^INFERENCE_SERVER_PATH: .* does not exist$/);
  });

  it('fails the workers when the program can not be started', async () => {
    fake = await SupervisedFake.prepare({}, { environment: { INFERENCE_SERVER_PATH: import.meta.filename } });
    fake.pool.start();
    expect((await fake.reached('failed')).reason).toContain('could not be started');
  });
});
