import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from '@jest/globals';
import { checkFreeDisk } from '../../src/model-manager/hub/free-disk.js';
import { HubStart, MODEL } from './hub-start.js';

const cleanUps: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).toReversed()) await cleanUp();
});

/** A disk of 512 kB, where this system lets us have one; null elsewhere. */
function smallDisk(): string | null {
  const folder = mkdtempSync(join(tmpdir(), 'small-disk-'));
  cleanUps.push(() => rmSync(folder, { recursive: true }));
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=512k', 'tmpfs', folder], { stdio: 'ignore' });
  } catch {
    return null;
  }
  cleanUps.push(() => execFileSync('umount', [folder]));
  return folder;
}

describe('a disk that is too small', () => {
  it('is said before the download starts, with what is needed and what there is', async () => {
    const disk = smallDisk();
    const start = await HubStart.create();
    cleanUps.push(() => start.close());
    if (disk === null) {
      // Without the right to mount: a need that no disk meets, asked of the same check.
      const check = checkFreeDisk(start.home, Number.MAX_SAFE_INTEGER, 'org/golden');
      return expect(check).rejects.toThrow(/has .* free, and .* are to be downloaded; make room, or set HF_HOME/);
    }
    const { state, reason } = await start.resolve({ HF_HOME: disk });
    expect(state).toBe('failed');
    expect(reason).toMatch(/^org\/golden: the disk of .* has \d+ kB free, and 860 kB are to be downloaded; make room/);
    expect(start.hub.downloads(MODEL)).toEqual([]);
    expect(start.hub.sent.size).toBe(0);
  });
});
