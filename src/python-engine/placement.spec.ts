import { describe, expect, it } from '@jest/globals';
import { place, prefixOf } from './placement.js';

const worker = (name: string, inFlight = 0) => ({ name, inFlight });
const FOUR = ['a', 'b', 'c', 'd'].map((name) => worker(name));
const prefixes = Array.from({ length: 200 }, (_, index) => `prefix ${index}`);

describe('placement', () => {
  it('gives a prefix to the same worker each time, and prefixes to all of them', () => {
    const first = prefixes.map((prefix) => place(FOUR, () => prefix)?.name);
    expect(prefixes.map((prefix) => place(FOUR.toReversed(), () => prefix)?.name)).toEqual(first);
    expect(new Set(first)).toEqual(new Set(['a', 'b', 'c', 'd']));
  });

  it('moves only the prefixes of a worker that has gone', () => {
    const left = FOUR.slice(1);
    for (const prefix of prefixes) {
      const before = place(FOUR, () => prefix)!.name;
      if (before !== 'a') expect(place(left, () => prefix)?.name).toBe(before);
    }
  });

  it('never gives a worker more than 1.25 times the mean, rounded up', () => {
    const counts = new Map(FOUR.map(({ name }) => [name, 0]));
    for (let sent = 0; sent < 100; sent++) {
      const name = place(
        [...counts].map(([known, inFlight]) => worker(known, inFlight)),
        () => 'popular',
      )!.name;
      counts.set(name, counts.get(name)! + 1);
      expect(Math.max(...counts.values())).toBeLessThanOrEqual(Math.ceil((1.25 * (sent + 1)) / 4));
    }
  });

  it('gives each its share of the capacity', () => {
    const counts = new Map([
      ['small', 0],
      ['large', 0],
    ]);
    const places = () =>
      [...counts].map(([name, inFlight]) => ({ name, inFlight, capacity: name === 'small' ? 16 : 240 }));
    for (let sent = 0; sent < 200; sent++) {
      const { name } = place(places(), () => `prefix ${sent}`)!;
      counts.set(name, counts.get(name)! + 1);
    }
    expect(counts.get('small')).toBeLessThanOrEqual(Math.ceil((1.25 * 200) / 16));
    expect(counts.get('small')).toBeGreaterThan(0);
  });

  it('has no worker where there is none', () => {
    expect(place([], () => 'x')).toBeUndefined();
    expect(place([worker('a', 7)], () => 'x')?.name).toBe('a');
  });
});

describe('the prefix of a prompt', () => {
  const turns = [
    { role: 'system' as const, content: 'Be kind.' },
    { role: 'user' as const, content: 'Hello' },
    { role: 'assistant' as const, content: 'Hi' },
    { role: 'user' as const, content: 'Why?' },
  ];

  it('is the same for every turn of a chat, and another for another chat', () => {
    expect(prefixOf({ messages: turns })).toBe(prefixOf({ messages: turns.slice(0, 2) }));
    expect(prefixOf({ messages: turns })).not.toBe(prefixOf({ messages: turns.slice(0, 1) }));
  });

  it('is the beginning of a text or of ids', () => {
    expect(prefixOf({ text: 'x'.repeat(5000) })).toBe('x'.repeat(1024));
    expect(prefixOf({ tokenIds: [1, 2, 3] })).toBe('1,2,3');
    expect(prefixOf({ text: 'x' }, 'alice')).not.toBe(prefixOf({ text: 'x' }, 'bob'));
  });
});
