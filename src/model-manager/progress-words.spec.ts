import { describe, expect, it } from '@jest/globals';
import { initialProgress } from './model-progress.js';
import { ProgressBar } from './progress-bar.js';
import { progressWords } from './progress-words.js';
import { readableBytes, readableSeconds } from './readable.js';

const progress = {
  ...initialProgress('a/b'),
  ...{ state: 'downloading' as const, bytesDone: 999, bytesTotal: 1000, rate: 35.2e6, secondsLeft: 95 },
};

describe('progressWords', () => {
  it('tells percent, bytes, rate and time left, as far as they are known, and what halts it', () => {
    expect(progressWords(initialProgress('a/b'))).toBe('resolving a/b');
    expect(progressWords(progress)).toBe('downloading a/b: 99 %, 999 bytes of 1.0 kB, 35 MB/s, 1 min 35 s left');
    expect(progressWords({ ...initialProgress('a/b'), note: 'the Hub waits' })).toBe('resolving a/b: the Hub waits');
  });

  it.each([
    [readableBytes(999), '999 bytes'],
    [readableBytes(2.08e9), '2.1 GB'],
    [readableSeconds(0.2), '1 s'],
    [readableSeconds(7260), '2 h 1 min'],
  ])('writes %s as people do', (told, expected) => {
    expect(told).toBe(expected);
  });
});

describe('ProgressBar', () => {
  it('writes over its own line, no wider than the terminal, and is gone when the download ends', () => {
    const written: string[] = [];
    const bar = new ProgressBar({ columns: 40, write: (text: unknown) => written.push(String(text)) > 0 });
    bar.take(initialProgress('a/b'));
    bar.take({ ...progress, bytesDone: 500 });
    bar.take({ ...progress, state: 'verifying' });
    expect(written).toEqual([`[${'#'.repeat(15)}${' '.repeat(15)}] downlo\u001b[K\r`, '\u001b[K']);
  });
});
