import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { countsOf } from '../fake-engine/fake-engine.js';
import { CHAT, ServedGateway } from './served-gateway.js';

let gateway: ServedGateway;

beforeAll(async () => {
  gateway = await ServedGateway.start(
    {},
    { MAX_MESSAGE_CHARS: '500', MAX_TOTAL_CHARS: '1000', JSON_DEPTH_LIMIT: '1000' },
  );
});
afterAll(() => gateway.close());

const tool = (fields: object, name: unknown = 'f') => ({
  tools: [{ type: 'function', function: { name, ...fields } }],
});
const deep = (levels: number): unknown => (levels === 0 ? {} : { items: deep(levels - 1) });
const format = (json_schema: unknown) => ({ response_format: { type: 'json_schema', json_schema } });
const outputs = (structured_outputs: unknown) => ({ structured_outputs });
const call = (fields: object = {}) => ({
  id: 'c1',
  type: 'function',
  function: { name: 'f', arguments: '{}', ...fields },
});
const turns = (...messages: object[]) => ({ messages: [...CHAT.messages, ...messages] });
const called = (...tool_calls: unknown[]) => turns({ role: 'assistant', content: null, tool_calls });

type Row = [name: string, fields: Record<string, unknown>, param: string, code?: string | null];

const tools: Row[] = [
  ['tools that are no array', { tools: {} }, 'tools'],
  ['129 tools', { tools: Array.from({ length: 129 }, (_, i) => tool({}, `f${i}`).tools[0]) }, 'tools'],
  ['a tool that is no object', { tools: ['f'] }, 'tools[0]'],
  ['a tool of another type', { tools: [{ type: 'custom', function: { name: 'f' } }] }, 'tools[0].type'],
  ['a tool without a function', { tools: [{ type: 'function' }] }, 'tools[0].function'],
  ['a tool without a name', { tools: [{ type: 'function', function: {} }] }, 'tools[0].function.name'],
  ['a name with a space', tool({}, 'a b'), 'tools[0].function.name'],
  ['a name with a quote', tool({}, 'a"'), 'tools[0].function.name'],
  ['a name of 65 characters', tool({}, 'x'.repeat(65)), 'tools[0].function.name'],
  ['a name that comes twice', { tools: [...tool({}).tools, ...tool({}).tools] }, 'tools[1].function.name'],
  ['a description that is no string', tool({ description: 1 }), 'tools[0].function.description'],
  ['parameters that are no schema', tool({ parameters: 'x' }), 'tools[0].function.parameters'],
  ['parameters as an array', tool({ parameters: [] }), 'tools[0].function.parameters'],
  ['parameters that are no object', tool({ parameters: { type: 'array' } }), 'tools[0].function.parameters'],
  ['parameters nested without end', tool({ parameters: deep(200) }), 'tools[0].function.parameters'],
  ['strict as a string', tool({ strict: 'yes' }), 'tools[0].function.strict'],
  ['tools that fill the prompt', tool({ description: 'x'.repeat(501) }), 'tools'],
  ['an unknown field of a tool', { tools: [{ ...tool({}).tools[0], foo: 1 }] }, 'tools[0].foo', 'unknown_parameter'],
  ['an unknown field of a function', tool({ foo: 1 }), 'tools[0].function.foo', 'unknown_parameter'],
];

const choices: Row[] = [
  ['a choice that nobody knows', { ...tool({}), tool_choice: 'any' }, 'tool_choice'],
  ['a choice of another type', { ...tool({}), tool_choice: { type: 'allowed_tools' } }, 'tool_choice'],
  ['a choice without a name', { ...tool({}), tool_choice: { type: 'function', function: {} } }, 'tool_choice'],
  [
    'a tool that is not there',
    { ...tool({}), tool_choice: { type: 'function', function: { name: 'g' } } },
    'tool_choice',
  ],
  ['a required tool without any', { tool_choice: 'required' }, 'tool_choice'],
  ['parallel_tool_calls as a string', { ...tool({}), parallel_tool_calls: 'no' }, 'parallel_tool_calls'],
];

const messages: Row[] = [
  ['a call of no form', called('f'), 'messages[1].tool_calls[0]'],
  ['a call without an id', called({ ...call(), id: undefined }), 'messages[1].tool_calls[0].id'],
  ['a call with a long id', called({ ...call(), id: 'x'.repeat(257) }), 'messages[1].tool_calls[0].id'],
  ['a call of another type', called({ ...call(), type: 'custom' }), 'messages[1].tool_calls[0].type'],
  ['a call with a wrong name', called(call({ name: 'a b' })), 'messages[1].tool_calls[0].function.name'],
  ['arguments as an object', called(call({ arguments: {} })), 'messages[1].tool_calls[0].function.arguments'],
  ['half a character', called(call({ arguments: '\ud800' })), 'messages[1].tool_calls[0].function.arguments'],
  ['long arguments', called(call({ arguments: 'x'.repeat(501) })), 'messages[1].tool_calls[0].function.arguments'],
  ['129 calls', called(...Array.from({ length: 129 }, () => call())), 'messages[1].tool_calls'],
  ['an unknown field of a call', called({ ...call(), foo: 1 }), 'messages[1].tool_calls[0].foo', 'unknown_parameter'],
  [
    'a result without an id',
    turns({ role: 'tool', content: 'x' }),
    'messages[1].tool_call_id',
    'missing_required_parameter',
  ],
  ['a result of no call', turns({ role: 'tool', content: 'x', tool_call_id: 'c9' }), 'messages[1].tool_call_id'],
  [
    'a result without content',
    turns({ role: 'tool', tool_call_id: 'c1' }),
    'messages[1].content',
    'missing_required_parameter',
  ],
  ['no content and no calls', called(), 'messages[1].content', 'missing_required_parameter'],
  [
    'an id in a user message',
    turns({ role: 'user', content: 'x', tool_call_id: 'c1' }),
    'messages[1].tool_call_id',
    'unsupported_parameter',
  ],
];

const formats: Row[] = [
  ['a format that nobody knows', { response_format: { type: 'xml' } }, 'response_format.type'],
  ['a format as a string', { response_format: 'json' }, 'response_format'],
  ['a schema format without a schema', { response_format: { type: 'json_schema' } }, 'response_format.json_schema'],
  ['a format without a name', format({ schema: {} }), 'response_format.json_schema.name'],
  ['a format with a wrong name', format({ name: 'a b', schema: {} }), 'response_format.json_schema.name'],
  ['a name without a schema', format({ name: 'a' }), 'response_format.json_schema.schema'],
  ['a schema that is no object', format({ name: 'a', schema: [] }), 'response_format.json_schema.schema'],
  ['a schema nested without end', format({ name: 'a', schema: deep(200) }), 'response_format.json_schema.schema'],
  [
    'an unknown field of a format',
    format({ name: 'a', schema: {}, foo: 1 }),
    'response_format.json_schema.foo',
    'unknown_parameter',
  ],
  ['two structured outputs', outputs({ regex: 'a', choice: ['a'] }), 'structured_outputs'],
  ['no structured output', outputs({}), 'structured_outputs'],
  ['structured outputs as a string', outputs('a'), 'structured_outputs'],
  ['an unknown one', outputs({ regex: 'a', xml: 1 }), 'structured_outputs.xml', 'unknown_parameter'],
  ['a regular expression as a number', outputs({ regex: 1 }), 'structured_outputs.regex'],
  ['no choices', outputs({ choice: [] }), 'structured_outputs.choice'],
  ['1001 choices', outputs({ choice: Array(1001).fill('a') }), 'structured_outputs.choice'],
  ['a choice that is no string', outputs({ choice: [1] }), 'structured_outputs.choice'],
  ['JSON mode switched off', outputs({ json_object: false }), 'structured_outputs.json_object'],
  ['a schema that is no JSON', outputs({ json: '{' }), 'structured_outputs.json'],
  ['a grammar as an object', outputs({ grammar: {} }), 'structured_outputs.grammar'],
  ['two formats', { ...format({ name: 'a', schema: {} }), ...outputs({ regex: 'a' }) }, 'structured_outputs', null],
  [
    'a grammar beside tools',
    { ...tool({}), ...outputs({ grammar: 'start: "a"' }) },
    'structured_outputs',
    'unsupported_parameter',
  ],
];

describe('a request with tools or a format that is refused', () => {
  it.each([...tools, ...choices, ...messages, ...formats])(
    'answers 400 for %s and names the field',
    async (_name, fields, param, code = 'invalid_value') => {
      const answer = await gateway.post({ ...CHAT, ...fields });
      const { error } = (await answer.json()) as { error: object };
      expect([answer.status, error]).toEqual([
        400,
        { message: expect.stringMatching(/./), type: 'invalid_request_error', param, code },
      ]);
    },
  );

  it('never reaches the engine', async () => {
    expect((await countsOf(gateway.enginePort)).requests).toBe(0);
  });
});

describe('a schema that JSON could not say again', () => {
  it.each([
    ['a number beyond a double', '1e400'],
    ['half a surrogate pair', String.raw`"\ud800"`],
  ])('is refused: %s', async (_, value) => {
    const body = JSON.stringify({ ...CHAT, ...format({ name: 'a', schema: { const: 'HERE' } }) });
    const answer = await gateway.post(body.replace('"HERE"', value));
    expect(answer.status).toBe(400);
    expect(await answer.json()).toMatchObject({ error: { param: 'response_format.json_schema.schema' } });
  });
});
