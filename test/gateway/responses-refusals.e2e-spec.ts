import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { BadRequestError, NotFoundError } from 'openai';
import { countsOf } from '../fake-engine/fake-engine.js';
import { ServedGateway } from './served-gateway.js';

const ASK = { model: 'nanochat', input: 'Hello' };

let gateway: ServedGateway;

beforeAll(async () => {
  const lengths = { MAX_MESSAGES: '3', MAX_MESSAGE_CHARS: '1000', MAX_TOTAL_CHARS: '2000' };
  gateway = await ServedGateway.start({}, { ...lengths, JSON_DEPTH_LIMIT: '1000' });
});
afterAll(() => gateway.close());

const post = (fields: Record<string, unknown>): Promise<Response> =>
  gateway.post({ ...ASK, ...fields }, { path: '/v1/responses' });
const items = (...input: unknown[]) => ({ input });
const part = (content: unknown) => items({ role: 'user', content: [content] });
const format = (value: unknown) => ({ text: { format: value } });
const tool = (fields: object) => ({ tools: [{ type: 'function', name: 'f', parameters: {}, ...fields }] });
const call = { type: 'function_call', call_id: 'c', name: 'f', arguments: '{}' };
let deep: unknown = {};
for (let i = 0; i < 500; i++) deep = { items: deep };

const VALUE = 'invalid_value';
const UNSUPPORTED = 'unsupported_parameter';
const MISSING = 'missing_required_parameter';
type Row = [name: string, fields: Record<string, unknown>, param: string, code: string];

const rows: Row[] = [
  ['no model', { model: null }, 'model', MISSING],
  ['no input', { input: null }, 'input', MISSING],
  ['an input that is a number', { input: 1 }, 'input', VALUE],
  ['an input without items', items(), 'input', VALUE],
  ['too many items', items(...Array<unknown>(4).fill({ role: 'user', content: 'x' })), 'input', VALUE],
  ['an item that is no object', items('Hello'), 'input[0]', VALUE],
  ['an input that is too long', { input: 'x'.repeat(1001) }, 'input', VALUE],
  ['instructions that are too long', { instructions: 'x'.repeat(1001) }, 'instructions', VALUE],
  ['half a surrogate pair', { input: '\ud800' }, 'input', VALUE],
  ['half a surrogate pair in the instructions', { instructions: '\ud800' }, 'instructions', VALUE],
  [
    'too much in all',
    { instructions: 'x'.repeat(800), ...items(...Array<unknown>(2).fill({ role: 'user', content: 'x'.repeat(800) })) },
    'input',
    VALUE,
  ],
  ['an unknown role', items({ role: 'tool', content: 'x' }), 'input[0].role', VALUE],
  ['a message without content', items({ role: 'user' }), 'input[0].content', MISSING],
  ['an image', part({ type: 'input_image', image_url: 'x' }), 'input[0].content[0]', VALUE],
  ['a part without text', part({ type: 'input_text' }), 'input[0].content[0].text', VALUE],
  [
    'an unknown field of a part',
    part({ type: 'input_text', text: 'x', colour: 1 }),
    'input[0].content[0].colour',
    'unknown_parameter',
  ],
  [
    'an unknown field of an item',
    items({ role: 'user', content: 'x', colour: 1 }),
    'input[0].colour',
    'unknown_parameter',
  ],
  ['reasoning', items({ type: 'reasoning', id: 'r', summary: [] }), 'input[0].type', UNSUPPORTED],
  ['a reference to an item', items({ type: 'item_reference', id: 'r' }), 'input[0].type', UNSUPPORTED],
  ['an item of a name that objects have anyway', items({ type: 'constructor' }), 'input[0].type', UNSUPPORTED],
  ['a call without a name', items({ ...call, name: undefined }), 'input[0].name', MISSING],
  ['a call whose arguments are no string', items({ ...call, arguments: {} }), 'input[0].arguments', VALUE],
  ['an output without a call', items({ type: 'function_call_output', call_id: 'c', output: 'x' }), 'input[0]', VALUE],
  ['a temperature above 2', { temperature: 2.1 }, 'temperature', VALUE],
  ['top_p of 0', { top_p: 0 }, 'top_p', VALUE],
  ['max_output_tokens of 0', { max_output_tokens: 0 }, 'max_output_tokens', VALUE],
  ['max_output_tokens above 4096', { max_output_tokens: 4097 }, 'max_output_tokens', VALUE],
  ['stream as a string', { stream: 'true' }, 'stream', VALUE],
  ['stream_options without stream', { stream_options: { include_obfuscation: false } }, 'stream_options', VALUE],
  ['metadata of numbers', { metadata: { a: 1 } }, 'metadata', VALUE],
  ['truncation', { truncation: 'auto' }, 'truncation', VALUE],
  ['an unknown format', format({ type: 'xml' }), 'text.format.type', VALUE],
  ['a schema without a name', format({ type: 'json_schema', schema: {} }), 'text.format.name', MISSING],
  ['a schema that is no object', format({ type: 'json_schema', name: 'a', schema: 'x' }), 'text.format.schema', VALUE],
  ['a schema without end', format({ type: 'json_schema', name: 'a', schema: deep }), 'text.format.schema', VALUE],
  ['verbosity', { text: { verbosity: 'high' } }, 'text.verbosity', UNSUPPORTED],
  ['a search tool', { tools: [{ type: 'web_search' }] }, 'tools[0].type', UNSUPPORTED],
  ['a tool without a name', tool({ name: undefined }), 'tools[0].name', MISSING],
  ['a tool with a name of spaces', tool({ name: 'a b' }), 'tools[0].name', VALUE],
  ['a tool with parameters that are no schema', tool({ parameters: 'x' }), 'tools[0].parameters', VALUE],
  ['a tool with parameters without end', tool({ parameters: deep }), 'tools[0].parameters', VALUE],
  ['two tools of one name', { tools: [...tool({}).tools, ...tool({}).tools] }, 'tools[1]', VALUE],
  ['a choice of no kind', { ...tool({}), tool_choice: 'any' }, 'tool_choice', VALUE],
  [
    'a choice of a tool that is not there',
    { ...tool({}), tool_choice: { type: 'function', name: 'g' } },
    'tool_choice',
    VALUE,
  ],
  ['a choice without tools', { tool_choice: 'required' }, 'tool_choice', VALUE],
  ['background', { background: true }, 'background', UNSUPPORTED],
  ['log-probabilities', { include: ['message.output_text.logprobs'] }, 'include', UNSUPPORTED],
  ['reasoning effort', { reasoning: { effort: 'high' } }, 'reasoning', UNSUPPORTED],
  ['a conversation', { conversation: 'conv_1' }, 'conversation', UNSUPPORTED],
  ['a stored prompt', { prompt: { id: 'x' } }, 'prompt', UNSUPPORTED],
  ['a field that nobody knows', { temprature: 1 }, 'temprature', 'unknown_parameter'],
  ['messages, which are another API’s', { messages: [] }, 'messages', 'unknown_parameter'],
];

describe('a refused response', () => {
  it.each(rows)('answers 400 for %s and names the field', async (_name, fields, param, code) => {
    const answer = await post(fields);
    expect([answer.status, await answer.json()]).toEqual([
      400,
      { error: { message: expect.stringMatching(/./), type: 'invalid_request_error', param, code } },
    ]);
  });

  it('never reaches the engine', async () => {
    expect((await countsOf(gateway.enginePort)).requests).toBe(0);
  });

  it('is a typed error of the SDK', async () => {
    const { responses } = gateway.client();
    await expect(responses.create({ ...ASK, temperature: 3 })).rejects.toBeInstanceOf(BadRequestError);
    const elsewhere = responses.create({ ...ASK, model: 'gpt-4o' });
    await expect(elsewhere).rejects.toMatchObject({ constructor: NotFoundError, code: 'model_not_found' });
    const gone = responses.create({ ...ASK, previous_response_id: 'resp_1' });
    await expect(gone).rejects.toMatchObject({ constructor: NotFoundError, param: 'previous_response_id' });
  });
});

describe('a field of a response that changes nothing', () => {
  it.each([
    [{ user: 'ann', metadata: { a: 'b' }, safety_identifier: 's', prompt_cache_key: 'k', service_tier: 'auto' }],
    [{ background: false, include: [], truncation: 'disabled', top_logprobs: 0, max_tool_calls: null }],
    [{ reasoning: { effort: null, summary: null }, include: ['reasoning.encrypted_content'] }],
    [
      {
        tools: [],
        tool_choice: 'none',
        parallel_tool_calls: false,
        text: { format: { type: 'text' }, verbosity: null },
      },
    ],
    [{ stream: true, stream_options: { include_obfuscation: false } }],
  ])('is accepted: %j', async (fields) => {
    expect((await post(fields)).status).toBe(200);
  });
});
