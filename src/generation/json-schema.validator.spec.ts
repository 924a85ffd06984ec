import { schemaProblem } from './json-schema.validator.js';

const parsed = (bound: string): unknown => JSON.parse(`{"properties":{"n":{"type":"integer","maximum":${bound}}}}`);

describe('schemaProblem', () => {
  it.each(['9007199254740992', '-9007199254740993', '9223372036854775807', '123456789012345678901'])(
    'refuses the integer %s, which a double may have rounded',
    (bound) => {
      expect(schemaProblem(parsed(bound))).toContain('integers below 2^53');
    },
  );

  it.each(['9007199254740991', '-9007199254740991', '0.1', '1e22', '1.7e308'])('takes %s as it is written', (bound) => {
    expect(schemaProblem(parsed(bound))).toBeNull();
  });

  it('refuses numbers that no double holds, and half a character', () => {
    expect(schemaProblem(parsed('1e999'))).toContain('a double can hold');
    expect(schemaProblem({ const: '\ud800' })).toContain('well-formed Unicode');
  });
});
