import { describe, expect, it } from '@jest/globals';
import { parseHubName } from './hub-name.js';

describe('parseHubName', () => {
  it('takes owner/name, of its main branch unless a revision is named', () => {
    expect(parseHubName('sdobson/nanochat')).toEqual({ name: 'sdobson/nanochat', revision: 'main' });
    expect(parseHubName('karpathy/nanochat-d32@v1.0')).toEqual({ name: 'karpathy/nanochat-d32', revision: 'v1.0' });
    expect(parseHubName('a/b@refs/pr/1')).toEqual({ name: 'a/b', revision: 'refs/pr/1' });
  });

  it.each([
    ...['nanochat', 'a/b/c', '/a/b', './a', 'a/', 'a/b@', 'a/b@c@d', 'a b/c', 'a/b@../x', 'a/b@x/', 'a/..', 'a/.b'],
    ...['a--b/c', 'https://huggingface.co/a/b', '-a/b', 'a/b-', 'a/b@-x'],
  ])('takes %s for no repository', (text) => {
    expect(parseHubName(text)).toBeNull();
  });
});
