import { describe, expect, it } from '@jest/globals';
import { allowedHosts, hostName } from './allowed-hosts.js';

describe('allowedHosts', () => {
  it('are the names of this machine on loopback, and those that are set', () => {
    expect([...allowedHosts('127.0.0.1', ['My.example'])!].sort()).toEqual([
      '127.0.0.1',
      '::1',
      'localhost',
      'my.example',
    ]);
  });

  it('are all beyond loopback, unless some are set', () => {
    expect(allowedHosts('0.0.0.0', [])).toBeNull();
    expect(allowedHosts('0.0.0.0', ['my.example'])?.has('my.example')).toBe(true);
    expect(allowedHosts('0.0.0.0', ['my.example'])?.has('evil.example')).toBe(false);
  });

  it.each([
    ['localhost:3080', 'localhost'],
    ['LocalHost', 'localhost'],
    ['[::1]:80', '::1'],
    ['[::1]', '::1'],
    ['127.0.0.1:', '127.0.0.1'],
    ['localhost@evil.example:80', 'localhost@evil.example'],
  ])('compare %s as %s', (header, name) => {
    expect(hostName(header)).toBe(name);
  });
});
