import { describe, expect, it } from '@jest/globals';
import { IsString, validateSync, ValidatePromise } from 'class-validator';
import { ChatCompletionDto } from './chat-completions/chat-completion.dto.js';
import { ChatMessageDto } from './chat-completions/chat-message.dto.js';
import { JsonSchemaFormatDto, ResponseFormatDto } from './chat-completions/response-format.dto.js';
import { CalledFunctionDto, FunctionDto, ToolCallDto, ToolDto } from './chat-completions/tool.dto.js';
import { CompletionDto } from './completions/completion.dto.js';
import { CreateMessageDto } from './messages/create-message.dto.js';
import { CreateResponseDto } from './responses/create-response.dto.js';
import { DetokenizeDto } from './tokenize/detokenize.dto.js';
import { TokenizeChatDto, TokenizeMessageDto, TokenizePromptDto } from './tokenize/tokenize.dto.js';
import { isSurelyValid } from './generation/compiled-checks.js';
import { StreamOptionsDto } from './generation/stream-options.dto.js';
import { StructuredOutputsDto } from './generation/structured-outputs.dto.js';

// Here and not beside `compiled-checks.ts`: no room may know the DTOs of all dialects.

const filled = <Dto extends object>(Class: new () => Dto, fields: object): Dto => Object.assign(new Class(), fields);

const message = filled(ChatMessageDto, { role: 'user', content: 'Hi' });
const tool = filled(ToolDto, { type: 'function', function: filled(FunctionDto, { name: 'look' }) });
const format = filled(ResponseFormatDto, {
  type: 'json_schema',
  json_schema: filled(JsonSchemaFormatDto, { name: 'fox', schema: { type: 'object' } }),
});
const called = filled(ToolCallDto, {
  ...{ id: 'call_1', type: 'function' },
  function: filled(CalledFunctionDto, { name: 'look', arguments: '{}' }),
});

/** A valid one of each class that a client's body can hold. */
const VALID: object[] = [
  filled(ChatCompletionDto, { model: 'nanochat', messages: [message], tools: [tool], response_format: format }),
  message,
  filled(ChatMessageDto, { role: 'assistant', tool_calls: [called] }),
  tool,
  format,
  called,
  filled(CompletionDto, { model: 'nanochat', prompt: 'Once' }),
  filled(CreateMessageDto, { model: 'nanochat', messages: [{ role: 'user', content: 'Hi' }], max_tokens: 5 }),
  filled(CreateResponseDto, { model: 'nanochat', input: 'Hi' }),
  filled(DetokenizeDto, { tokens: [1] }),
  filled(TokenizePromptDto, { prompt: 'Hi' }),
  filled(TokenizeChatDto, { messages: [filled(TokenizeMessageDto, { role: 'user', content: 'Hi' })] }),
  filled(StreamOptionsDto, { include_usage: true }),
  filled(StructuredOutputsDto, { regex: 'a+' }),
];

const VALUES: unknown[] = [
  ...[undefined, null, true, false, '', 'user', 'json_schema', 'x'.repeat(70_000), '\ud800', 0, 1, -1, 3, 1.5, 2 ** 53],
  ...[NaN, Infinity, 10n, [], [1], [-1], ['a'], ['a', 1], [null], [[]], {}, { a: 1 }, { a: 'b' }, { '5': 1000 }],
  ...[
    message,
    [message],
    [message, null],
    [filled(ChatMessageDto, { role: 7 })],
    tool,
    [tool, format],
    format,
    [called],
  ],
  ...[filled(ResponseFormatDto, { type: 'json_schema' }), filled(ResponseFormatDto, { type: 'text', json_schema: 5 })],
];

describe('isSurelyValid', () => {
  it.each(VALID.map((dto) => [dto.constructor.name, dto] as const))(
    'takes a valid %s, and none that class-validator refuses',
    (_name, dto) => {
      expect(validateSync(dto)).toEqual([]);
      expect(isSurelyValid(dto)).toBe(true);
      let refused = 0;
      for (const field of Object.keys(dto)) {
        for (const value of VALUES) {
          const changed = Object.assign(Object.create(Object.getPrototypeOf(dto) as object) as object, dto, {
            [field]: value,
          });
          if (validateSync(changed).length === 0) continue;
          expect([field, value, isSurelyValid(changed)]).toEqual([field, value, false]);
          refused++;
        }
      }
      expect(refused).toBeGreaterThan(0);
    },
  );

  it('leaves to class-validator what has no decorators, or kinds of them that are not known here', () => {
    class Promised {
      @ValidatePromise()
      @IsString()
      name = 'x';
    }
    expect(isSurelyValid({})).toBe(false);
    expect(isSurelyValid(new Promised())).toBe(false);
  });
});
