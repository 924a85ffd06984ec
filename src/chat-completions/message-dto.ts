import { isObject } from '../generation/check-dto.js';
import { checkFields, nested } from '../generation/check-fields.js';
import { invalidValue, missingParameter } from '../openai/error-catalogue.js';
import { ChatMessageDto } from './chat-message.dto.js';
import { CALLED_FUNCTION, messageFields, TOOL_CALL } from './request-fields.js';
import { CalledFunctionDto, ToolCallDto } from './tool.dto.js';

/** A message with the fields that its role may and must have; their values are not checked yet. */
export function messageDto(value: unknown, at: string): ChatMessageDto {
  if (!isObject(value)) throw invalidValue(at, `Invalid '${at}': expected an object.`);
  const { supported, neutral } = messageFields(value['role']);
  const fields = checkFields(value, supported, neutral, `${at}.`);
  const { tool_calls: calls } = fields;
  const required = [
    'role',
    ...(hasSome(calls) ? [] : ['content']),
    ...(fields['role'] === 'tool' ? ['tool_call_id'] : []),
  ];
  for (const name of required) if (fields[name] === undefined) throw missingParameter(`${at}.${name}`);
  return Object.assign(
    new ChatMessageDto(),
    fields,
    Array.isArray(calls)
      ? { tool_calls: calls.map((call, index) => callDto(call, `${at}.tool_calls[${index}].`)) }
      : {},
  );
}

const hasSome = (value: unknown): boolean => Array.isArray(value) && value.length > 0;

function callDto(value: unknown, at: string): unknown {
  const call = nested(value, ToolCallDto, TOOL_CALL, at);
  if (call instanceof ToolCallDto) {
    Object.assign(call, { function: nested(call.function, CalledFunctionDto, CALLED_FUNCTION, `${at}function.`) });
  }
  return call;
}
