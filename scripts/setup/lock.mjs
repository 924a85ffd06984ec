// One set-up at a time in a project: `npm start` and `npm test` may be typed together.
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { say } from './message.mjs';

const alive = (pid) => {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === 'EPERM';
  }
};

/** Takes the lock `folder` and returns the function that gives it back. A holder that died is ignored. */
export async function takeLock(folder, signal) {
  for (let waited = 0; ; waited += 1) {
    try {
      mkdirSync(folder);
      writeFileSync(join(folder, 'pid'), String(process.pid));
      return () => rmSync(folder, { recursive: true, force: true });
    } catch (error) {
      if (error.code !== 'EEXIST') throw error;
    }
    const holder = holderOf(folder);
    if (holder !== null && !alive(holder)) rmSync(folder, { recursive: true, force: true });
    // A holder writes its id just after making the folder; one without an id for 3 s died between the two.
    else if (holder === null && waited > 3) rmSync(folder, { recursive: true, force: true });
    else {
      if (waited % 5 === 0 && holder) say(`waiting for another set-up (process ${holder}).`);
      await sleep(1000, undefined, { signal });
    }
  }
}

function holderOf(folder) {
  try {
    return Number.parseInt(readFileSync(join(folder, 'pid'), 'utf8'), 10) || null;
  } catch {
    return null;
  }
}
