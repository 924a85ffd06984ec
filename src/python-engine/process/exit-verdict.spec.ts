import { describe, expect, it } from '@jest/globals';
import type { Exit } from './engine-process.js';
import { exitReason, verdictOf } from './exit-verdict.js';

const exit = (fields: Partial<Exit>): Exit => ({ code: null, signal: null, spawnError: null, ...fields });
const fatal = { code: 'checkpoint_corrupt', message: 'model_000001.pt is cut' };

describe('the verdict of an exit', () => {
  it('is hopeless after exit 78, and when there never was a process', () => {
    expect(verdictOf(exit({ code: 78 }))).toBe('hopeless');
    expect(verdictOf(exit({ spawnError: 'ENOENT' }))).toBe('hopeless');
  });

  it('is a taken port after exit 75, and a crash after anything else', () => {
    expect(verdictOf(exit({ code: 75 }))).toBe('port-taken');
    for (const code of [0, 1, 70, 137]) expect(verdictOf(exit({ code }))).toBe('crash');
    expect(verdictOf(exit({ signal: 'SIGSEGV' }))).toBe('crash');
  });
});

describe('the reason of an exit', () => {
  it("is the engine's own last word after exit 78", () => {
    expect(exitReason(exit({ code: 78 }), fatal)).toBe('model_000001.pt is cut');
    expect(exitReason(exit({ code: 78 }), null)).toContain('exit 78');
  });

  it('names the code or the signal, with the last fatal line if there was one', () => {
    expect(exitReason(exit({ code: 70 }), null)).toBe('the engine exited with code 70');
    expect(exitReason(exit({ signal: 'SIGSEGV' }), null)).toBe('the engine was ended by SIGSEGV');
    expect(exitReason(exit({ code: 70 }), fatal)).toBe('the engine exited with code 70: model_000001.pt is cut');
  });
});
