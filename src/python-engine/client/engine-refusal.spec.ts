import { describe, expect, it } from '@jest/globals';
import { engineRefusal } from './engine-refusal.js';

const body = (fields: Record<string, unknown> = {}): string =>
  JSON.stringify({ error: { message: 'no', type: 'x', param: 'messages', code: 'invalid_value', ...fields } });

describe('a refusal of the engine', () => {
  it.each([400, 413, 429, 503])('of status %d reaches the client with message, code and param', (status) => {
    expect(engineRefusal(status, body(), undefined)).toMatchObject({
      status,
      message: 'no',
      code: 'invalid_value',
      param: 'messages',
    });
  });

  it('says when to try again, also when the engine does not', () => {
    expect(engineRefusal(503, body(), '3').headers).toEqual({ 'retry-after': '3' });
    expect(engineRefusal(429, body(), undefined).headers).toEqual({ 'retry-after': '1' });
    expect(engineRefusal(503, body(), 'soon').headers).toEqual({ 'retry-after': '1' });
    expect(engineRefusal(400, body(), undefined).headers).toEqual({});
  });

  it.each([401, 404, 405, 415, 500])('of status %d is a fault of ours, with the cause kept for the log', (status) => {
    const error = engineRefusal(status, body({ message: 'secret detail' }), undefined);
    expect(error).toMatchObject({ status: 500, code: 'internal_error', param: null });
    expect(error.message).not.toContain('secret detail');
    expect(String(error.cause)).toContain('secret detail');
  });

  it('without an error body is told by its status', () => {
    expect(engineRefusal(503, '<html>', undefined)).toMatchObject({ status: 503, code: 'engine_unavailable' });
    expect(engineRefusal(400, '', undefined)).toMatchObject({ status: 500, code: 'internal_error' });
  });
});
