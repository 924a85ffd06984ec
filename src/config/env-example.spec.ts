import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { readSettings } from './read-settings.js';
import { settingVariables } from './variable.decorator.js';

const example = readFileSync(new URL('../../.env.example', import.meta.url), 'utf8');
const shown = new Map([...example.matchAll(/^#([A-Z_]+)=(.*)$/gm)].map(([, name, value]) => [name!, value!]));

describe('.env.example', () => {
  it('names every setting, with its default', () => {
    const defaults = readSettings({}) as unknown as Record<string, string | number | string[] | null>;
    for (const [field, { name }] of settingVariables) {
      const value = defaults[field];
      const text = Array.isArray(value) ? value.join(',') : String(value ?? '');
      expect([name, shown.get(name)]).toEqual([name, text]);
    }
  });

  it('can be used as it is, with every # taken off', () => {
    const read = readSettings(Object.fromEntries(shown));
    expect({ ...read, environment: {} }).toEqual({ ...readSettings({}), environment: {} });
  });
});
