import { describe, expect, it } from '@jest/globals';
import { ToolCallParser } from './tool-call-parser.js';

const CALL = '<tool_call>{"name":"add","arguments":{"a":"}\\"}</tool_call>","b":[{}]}}</tool_call>';
const ARGUMENTS = '{"a":"}\\"}</tool_call>","b":[{}]}';

/** Everything that comes of a text given in pieces of `size` characters. */
function parse(text: string, size: number, forced = false) {
  const parser = new ToolCallParser(forced);
  let said = '';
  const calls: { id?: string; name?: string; arguments: string }[] = [];
  for (let at = 0; at < text.length; at += size) {
    const { text: more, toolCalls } = parser.push(text.slice(at, at + size));
    said += more;
    for (const { index, id, name, arguments: json } of toolCalls) {
      calls[index] ??= { ...(id === undefined ? {} : { id }), ...(name === undefined ? {} : { name }), arguments: '' };
      calls[index].arguments += json;
    }
  }
  return { text: said + parser.rest(), calls, whole: parser.whole };
}

describe('ToolCallParser', () => {
  it.each([1, 2, 3, 7, 1000])('reads the same calls in pieces of %i characters', (size) => {
    const { text, calls, whole } = parse(CALL + CALL, size);
    expect(text).toBe('');
    expect(calls.map(({ name, arguments: json }) => [name, json])).toEqual([
      ['add', ARGUMENTS],
      ['add', ARGUMENTS],
    ]);
    expect(whole).toBe(true);
  });

  it('gives every call an id of its own', () => {
    const ids = parse(CALL.repeat(16), 5).calls.map(({ id }) => id);
    expect(new Set(ids).size).toBe(16);
    for (const id of ids) expect(id).toMatch(/^call_[0-9a-f]{24}$/);
  });

  it('gives the name before any of the arguments, and these as they come', () => {
    const parser = new ToolCallParser(false);
    expect(parser.push('<tool_call>{"name":"add","argu')).toEqual({ text: '', toolCalls: [] });
    expect(parser.push('ments":').toolCalls).toMatchObject([{ index: 0, name: 'add', arguments: '' }]);
    expect(parser.push('{"a"').toolCalls).toEqual([{ index: 0, arguments: '{"a"' }]);
    expect(parser.push(':1}').toolCalls).toEqual([{ index: 0, arguments: ':1}' }]);
    expect(parser.push('}</tool_').toolCalls).toEqual([]);
    expect(parser.whole).toBe(false);
    parser.push('call>');
    expect(parser.whole).toBe(true);
  });

  it.each(['Hello', '<', '<tool_cal', '<tool_calls>', '<b>', 'see <tool_call>'])('takes %j for text', (text) => {
    for (const size of [1, 4, 1000]) expect(parse(text, size)).toEqual({ text, calls: [], whole: false });
  });

  it('holds text back only while it can become the mark of a call', () => {
    const parser = new ToolCallParser(false);
    expect(parser.push('<tool').text).toBe('');
    expect(parser.push('s> are').text).toBe('<tools> are');
    expect(parser.push('<tool_call>').text).toBe('<tool_call>');
  });

  it('gives what there is of a call that is cut, and does not call it whole', () => {
    const { calls, whole } = parse(CALL.slice(0, 45), 4);
    expect(calls).toMatchObject([{ name: 'add', arguments: CALL.slice(37, 45) }]);
    expect(whole).toBe(false);
    expect(parse('<tool_call>{"na', 3)).toEqual({ text: '', calls: [], whole: false });
    expect(parse('<tool', 3, true)).toEqual({ text: '', calls: [], whole: false });
  });

  it.each(['<tool_call>{"name":"add","arguments":{}x', `<tool_call>${'x'.repeat(400)}`])(
    'refuses what no grammar of ours allows: %s',
    (text) => {
      expect(() => parse(text, 10)).toThrow('tool call');
    },
  );
});
