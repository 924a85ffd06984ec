import { describe, expect, it } from '@jest/globals';
import { LineSplitter } from './line-splitter.js';

function split(maxLength: number, ...packets: (string | Buffer)[]): [string, boolean][] {
  const lines: [string, boolean][] = [];
  const splitter = new LineSplitter(maxLength, (line, cut) => lines.push([line, cut]));
  for (const packet of packets) splitter.push(Buffer.from(packet));
  splitter.end();
  return lines;
}

describe('LineSplitter', () => {
  it('gives several lines of one packet, and one line of several packets', () => {
    expect(split(100, 'a\nb\n\nc', 'd', 'e\n').map(([line]) => line)).toEqual(['a', 'b', '', 'cde']);
  });

  it('puts characters together that were cut between packets', () => {
    const bytes = Buffer.from('né 🦙\n');
    const packets = [...bytes].map((byte) => Buffer.from([byte]));
    expect(split(100, ...packets)).toEqual([['né 🦙', false]]);
  });

  it('cuts a line that is too long, says so, and goes on with the next', () => {
    expect(split(4, 'abcdefgh\nij\n')).toEqual([
      ['abcd', true],
      ['ij', false],
    ]);
    expect(split(4, 'abc', 'def', 'ghi\nj\n')).toEqual([
      ['abcd', true],
      ['j', false],
    ]);
  });

  it('does not keep what it skips of an endless line', () => {
    expect(split(4, ...Array.from({ length: 1000 }, () => 'xxxxxxxx'))).toEqual([['xxxx', true]]);
  });

  it('takes a line feed with or without a carriage return', () => {
    expect(split(100, 'a\r\nb\n').map(([line]) => line)).toEqual(['a', 'b']);
  });

  it('gives a last line without an end', () => {
    expect(split(100, 'a\nb')).toEqual([
      ['a', false],
      ['b', false],
    ]);
  });
});
