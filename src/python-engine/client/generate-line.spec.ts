import { describe, expect, it } from '@jest/globals';
import { parseGenerateLine } from './generate-line.js';

describe('a line of an answer', () => {
  it('is a chunk with its choices', () => {
    const line =
      '{"choices": [{"index": 1, "token_ids": [12, 7], "text": "Hi", "text_offset": 2, "finish_reason": "stop"}]}';
    expect(parseGenerateLine(line)).toEqual({
      type: 'chunk',
      choices: [{ index: 1, tokenIds: [12, 7], text: 'Hi', textOffset: 2, finishReason: 'stop' }],
    });
  });

  it('is the usage', () => {
    expect(parseGenerateLine('{"usage": {"prompt_tokens": 9, "completion_tokens": 2, "cached_tokens": 4}}')).toEqual({
      type: 'usage',
      promptTokens: 9,
      completionTokens: 2,
      cachedTokens: 4,
    });
  });

  it('is an error of the server, with its code and message', () => {
    const line =
      '{"error": {"message": "out of memory", "type": "server_error", "param": null, "code": "internal_error"}}';
    expect(() => parseGenerateLine(line)).toThrow(
      expect.objectContaining({
        name: 'OpenAIError',
        status: 500,
        type: 'server_error',
        code: 'internal_error',
        message: 'out of memory',
      }),
    );
  });

  it.each(['{"choi', '[]', '7', 'null', '{}', '{"error": "text"}'])(
    'is a failure of the engine when it is %s',
    (line) => {
      expect(() => parseGenerateLine(line)).toThrow(expect.objectContaining({ name: 'OpenAIError', status: 503 }));
    },
  );
});
