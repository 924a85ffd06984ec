import { describe, expect, it } from '@jest/globals';
import { addressOf, readyBanner } from './ready-banner.js';

describe('addressOf', () => {
  it.each([
    ['127.0.0.1', 'http://127.0.0.1:3080'],
    ['0.0.0.0', 'http://localhost:3080'],
    ['::', 'http://localhost:3080'],
    ['::1', 'http://[::1]:3080'],
  ])('of %s is %s', (host, address) => {
    expect(addressOf(host, 3080)).toBe(address);
  });
});

describe('readyBanner', () => {
  it('has a line to try whose body is JSON', () => {
    const line = readyBanner('http://localhost:1', null).try;
    expect(line).toMatch(/^curl -N http:\/\/localhost:1\/v1\/chat\/completions /);
    expect(JSON.parse(/-d '(.*)'$/.exec(line)![1]!)).toMatchObject({ model: 'nanochat', stream: true });
  });
});
