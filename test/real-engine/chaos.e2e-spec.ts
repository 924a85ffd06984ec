import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from '@jest/globals';

/** Ten times what a scenario takes here in its short form. */
const DEADLINE_MS = 300_000;
const CHAOS = fileURLToPath(new URL('../../bench/chaos.mjs', import.meta.url));

interface Outcome {
  figures: Record<string, unknown>;
  goals: { what: string; met: boolean }[];
}

/** One scenario of `npm run chaos`, in a short form. */
function chaos(only: string, ...options: string[]): Promise<Outcome> {
  return new Promise((resolve, reject) => {
    execFile(
      process.execPath,
      [CHAOS, '--only', only, ...options],
      { env: { ...process.env, NODE_OPTIONS: '' } },
      (_failure, out, err) => {
        const line = out.split('\n').find((text) => text.startsWith('{'));
        if (line === undefined) reject(new Error(`${out}\n${err}`));
        else resolve(JSON.parse(line) as Outcome);
      },
    );
  });
}

/** Goals that are counts; times are for the long form. */
const missed = ({ goals }: Outcome): string[] =>
  goals.filter(({ what, met }) => !met && !what.startsWith('ms ')).map(({ what }) => what);

const linux = existsSync('/proc/self/task') ? describe : describe.skip;

linux('the fault suite in its short form', () => {
  it.each([
    ['kills', 'kill -9 of an engine costs 16 answers of all kinds a pause, and nothing else', ['--kills', '1']],
    ['drain', 'SIGTERM drops no stream, exits 0 and leaves no child', ['--times', '1']],
    ['orphan', 'kill -9 of the gateway leaves no child', ['--times', '1']],
    ['reload', 'SIGHUP under load fails no request', ['--times', '1']],
  ])(
    '%s: %s',
    async (only, _what, options) => {
      expect(missed(await chaos(only, ...options))).toEqual([]);
    },
    DEADLINE_MS,
  );
});
