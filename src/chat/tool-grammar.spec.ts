import { describe, expect, it } from '@jest/globals';
import type { ChatRequest, ToolDefinition } from './chat-request.js';
import { toolConstraint } from './tool-grammar.js';

const tool = (name: string, parameters: ToolDefinition['parameters'] = null): ToolDefinition => ({
  ...{ name, description: null, parameters },
});

const request = (fields: Partial<ChatRequest> = {}): ChatRequest => ({
  ...{ turns: [], tools: [tool('add', { properties: { a: {} } }), tool('now')], toolChoice: 'auto' },
  ...{ parallelToolCalls: true, constraint: null, sampling: { seed: 1 }, n: 1, calculator: null },
  ...fields,
});

const grammar = (fields: Partial<ChatRequest> = {}): string =>
  (toolConstraint(request(fields)) as { lark: string }).lark;

const TEXT = new RegExp(`^(?:${/^TEXT: \/(.*)\/$/m.exec(grammar())![1]})$`);

describe('the grammar of tool calls', () => {
  it.each(['Hello\nyou', '<', '<tool_call', '<tool_calls>', '<b>', 'a <tool_call>'])('has %j for text', (text) => {
    expect(TEXT.test(text)).toBe(true);
  });

  it.each(['', '<tool_call>', '<tool_call>{"name":'])('has no lexeme for %j', (text) => {
    expect(TEXT.test(text)).toBe(false);
  });

  it('offers no text where a call is required, and only the one tool that is named', () => {
    expect(grammar({ toolChoice: 'required' })).not.toContain('TEXT');
    const named = grammar({ toolChoice: { name: 'now' } });
    expect(named).toContain('call{1,1}');
    expect(named).toContain('name\\":\\"now');
    expect(named).not.toContain('name\\":\\"add');
  });

  it('has one call where parallel ones are not wanted', () => {
    expect(grammar({ parallelToolCalls: false })).toContain('call{1,1}');
    expect(grammar()).toContain('call{1,16}');
  });

  it('makes arguments an object that follows the parameters, and an empty one without any', () => {
    const lines = grammar().split('\n');
    const compact = '"x-guidance":{"whitespace_flexible":false}';
    expect(lines).toContain(`arguments_0: %json {"type":"object","properties":{"a":{}},${compact}}`);
    expect(lines).toContain(
      `arguments_1: %json {"type":"object","properties":{},"additionalProperties":false,${compact}}`,
    );
  });

  it('has a schema in the place of the text', () => {
    const schema = grammar({ constraint: { json_schema: { type: 'array' } } });
    expect(schema).toContain('text: %json {"type":"array"');
    expect(schema).not.toContain('TEXT');
  });

  it('refuses a choice without a tool for it, and a constraint that has no place beside calls', () => {
    expect(() => grammar({ toolChoice: 'required', tools: [] })).toThrow('any tool');
    expect(() => grammar({ toolChoice: { name: 'sub' } })).toThrow("the tool 'sub'");
    expect(() => grammar({ constraint: { regex: 'a+' } })).toThrow('beside tools');
  });
});
