import type { ToolCall, ToolChoice, ToolDefinition } from '../chat/chat-request.js';
import { readTools, TOOL_NAME, toolDefinition } from '../chat/tool-definition.js';
import { isObject } from '../generation/check-dto.js';
import { checkFields } from '../generation/check-fields.js';
import { isNestedWithin } from '../generation/json-schema.validator.js';
import { invalidValue, missingParameter, unsupportedParameter } from '../openai/error-catalogue.js';
import { TOOL_NEUTRAL, TOOL_SUPPORTED } from './request-fields.js';

const MAX_ID = 256;
const DEEPEST_INPUT = 64;

/** Throws 400 for a tool that Anthropic's servers run themselves, or that is not right, naming its field. */
export function readMessageTools(tools: unknown): ToolDefinition[] {
  return readTools(tools ?? [], (tool, at) => {
    const type: unknown = tool['type'] ?? 'custom';
    if (type !== 'custom') {
      const name = String(type).slice(0, 40);
      throw unsupportedParameter(`${at}.type`, `${at}: tools of type '${name}' are not supported; only 'custom' is.`);
    }
    const { name, description, input_schema: parameters } = checkFields(tool, TOOL_SUPPORTED, TOOL_NEUTRAL, `${at}.`);
    const params = { name: `${at}.name`, description: `${at}.description`, parameters: `${at}.input_schema` };
    if (parameters === undefined) throw missingParameter(params.parameters);
    return toolDefinition({ name, description, parameters, params });
  });
}

export interface ReadToolChoice {
  toolChoice: ToolChoice;
  parallelToolCalls: boolean;
}

/** Anthropic's `any` is the others' `required`. */
export function readMessageToolChoice(given: Record<string, unknown> | null | undefined): ReadToolChoice {
  if (given == null) return { toolChoice: 'auto', parallelToolCalls: true };
  const known = new Set(['type', 'name', 'disable_parallel_tool_use']);
  const {
    type,
    name,
    disable_parallel_tool_use: single = false,
  } = checkFields(given, known, new Map(), 'tool_choice.');
  if (typeof single !== 'boolean') {
    const param = 'tool_choice.disable_parallel_tool_use';
    throw invalidValue(param, `Invalid '${param}': expected true or false.`);
  }
  return { toolChoice: choiceOf(type, name), parallelToolCalls: !single };
}

function choiceOf(type: unknown, name: unknown): ToolChoice {
  if (type === 'auto' || type === 'none') return type;
  if (type === 'any') return 'required';
  if (type !== 'tool') {
    throw invalidValue(
      'tool_choice.type',
      "Invalid 'tool_choice.type': expected one of 'auto', 'any', 'tool', 'none'.",
    );
  }
  if (typeof name !== 'string') {
    throw invalidValue('tool_choice.name', "Invalid 'tool_choice.name': expected the name of a tool.");
  }
  return { name };
}

/** A call that the assistant made. */
export function readToolUse({ id, name, input }: Record<string, unknown>, at: string): ToolCall {
  if (typeof name !== 'string' || !TOOL_NAME.test(name)) {
    throw invalidValue(`${at}.name`, `Invalid '${at}.name': expected the name of a tool.`);
  }
  if (!isObject(input) || !isNestedWithin(input, DEEPEST_INPUT)) {
    throw invalidValue(
      `${at}.input`,
      `Invalid '${at}.input': expected an object, nested at most ${DEEPEST_INPUT} deep.`,
    );
  }
  return { id: toolId(id, `${at}.id`), name, arguments: JSON.stringify(input) };
}

export function toolId(id: unknown, param: string): string {
  if (typeof id === 'string' && id !== '' && id.length <= MAX_ID) return id;
  throw invalidValue(param, `Invalid '${param}': expected a string of 1 to ${MAX_ID} characters.`);
}
