import { describe, expect, it } from '@jest/globals';
import { EMPTY } from 'rxjs';
import { unsupportedParameter } from '../openai/error-catalogue.js';
import { chooseWorker, type Wanted } from './choose-worker.js';
import type { PoolMember } from './pool-member.js';
import { initialStatus, lifeOf, type WorkerStatus } from './worker-status.js';

const model = (id: string) => ({ id, generation: null, contextLength: null, vocabSize: null, parameters: null });
const elsewhere = (id: string | null) => ({
  ...{ url: 'http://a', software: null, version: null, maxRunning: 8 },
  model: id === null ? null : model(id),
});

/** A member that is ready unless its status says otherwise. */
const member = (name: string, status: Partial<WorkerStatus> = {}): PoolMember => ({
  ...{ name, inFlight: 0, capacity: 8, tokenizes: true, status$: EMPTY },
  status: { ...initialStatus(name), state: 'ready', beating: true, phase: null, ...status },
  generate: () => EMPTY,
  refuses: () => null,
  tokenize: () => Promise.reject(new Error('not here')),
  detokenize: () => Promise.reject(new Error('not here')),
});

const none = (): Error => new Error('none is ready');
const lacking =
  (...names: string[]): Wanted['refuses'] =>
  ({ name }) =>
    names.includes(name) ? unsupportedParameter('top_k', `${name} lacks it`) : null;
const choose = (members: PoolMember[], wanted: Partial<Wanted> = {}): string =>
  chooseWorker(members, { prefix: () => 'x', refuses: () => null, ...wanted }, none).name;

describe('the choice of a worker', () => {
  it('is among those that can do it', () => {
    expect(choose([member('a'), member('b')], { refuses: lacking('a') })).toBe('b');
    expect(choose([member('a'), member('b')], { refuses: lacking('b') })).toBe('a');
  });

  it('is told why not, where none can', () => {
    expect(() => choose([member('a')], { refuses: lacking('a') })).toThrow('a lacks it');
    expect(() => choose([member('a', { state: 'loading' })])).toThrow('none is ready');
  });

  it('is 503 where one that can is coming back, and no engine that was never reached counts as one', () => {
    const refuses = lacking('a');
    const coming = member('b', { state: 'loading' });
    expect(() => choose([member('a'), coming], { refuses })).toThrow(/coming back: b is loading/);
    const ejected = member('b', { state: 'ejected', external: elsewhere('m') });
    expect(() => choose([member('a'), ejected], { refuses })).toThrow(/coming back: b is ejected/);
    const unknown = member('b', { state: 'ejected', external: elsewhere(null) });
    expect(() => choose([member('a'), unknown], { refuses })).toThrow('a lacks it');
    expect(() => choose([member('a'), member('b', { state: 'failed' })], { refuses })).toThrow('a lacks it');
  });

  it('takes one whose loop is late, or that has just failed, only where there is no other', () => {
    const late = member('a', { beating: false });
    expect(choose([late, member('b')])).toBe('b');
    expect(choose([late])).toBe('a');
    const failed = member('a', { pid: 7 });
    expect(choose([failed, member('b')], { avoid: new Set([lifeOf(failed.status)]) })).toBe('b');
    expect(choose([failed], { avoid: new Set([lifeOf(failed.status)]) })).toBe('a');
    const nextLife = member('a', { pid: 8 });
    const other = member('b', { beating: false });
    expect(choose([nextLife, other], { avoid: new Set([lifeOf(failed.status)]) })).toBe('a');
  });

  it('is among those that have the model that is asked for by its own id', () => {
    const members = [member('a', { external: elsewhere('m') }), member('b', { external: elsewhere('n') })];
    expect(choose(members, { model: 'n' })).toBe('b');
    expect(choose(members, { model: 'm' })).toBe('a');
    expect(() => choose(members, { model: 'other' })).toThrow('none is ready');
  });
});
