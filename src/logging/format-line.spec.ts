import { describe, expect, it } from '@jest/globals';
import { asPretty } from './format-line.js';

const line = { level: 'info' as const, time: '2026-01-01T00:00:00.000Z', message: 'request' };

describe('asPretty', () => {
  it("shows a client's line breaks and terminal sequences instead of obeying them", () => {
    const text = asPretty({ ...line, model: 'x\nforged line \u001b[2J' });
    expect(text).toContain('x\\nforged line \\u001b[2J');
    expect(text).not.toContain('\u001b[2J');
  });

  it('keeps the lines of a stack', () => {
    expect(asPretty({ ...line, stack: 'Error: x\n    at y' })).toContain('Error: x\n    at y');
  });
});
