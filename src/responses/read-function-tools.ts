import type { ToolChoice, ToolDefinition } from '../chat/chat-request.js';
import { readTools, toolDefinition } from '../chat/tool-definition.js';
import { isObject } from '../generation/check-dto.js';
import { checkFields } from '../generation/check-fields.js';
import { invalidValue, unsupportedParameter } from '../openai/error-catalogue.js';
import type { FunctionTool } from './create-response.dto.js';
import { TOOL_NEUTRAL, TOOL_SUPPORTED } from './request-fields.js';

const CHOICES = ['none', 'auto', 'required'] as const;

export interface ReadTools {
  /** As the answer repeats them. */
  tools: FunctionTool[];
  definitions: ToolDefinition[];
}

/** Throws 400 for a tool that is not a function, or is not right, naming its field. */
export function readFunctionTools(given: unknown): ReadTools {
  const tools: FunctionTool[] = [];
  const definitions = readTools(given ?? [], (tool, at) => {
    const { type } = tool;
    if (type !== 'function') {
      const name = String(type).slice(0, 40);
      throw unsupportedParameter(`${at}.type`, `Tools of type '${name}' are not supported; only 'function' is.`);
    }
    const { strict, ...fields } = checkFields(tool, TOOL_SUPPORTED, TOOL_NEUTRAL, `${at}.`);
    if (strict !== undefined && typeof strict !== 'boolean') {
      throw invalidValue(`${at}.strict`, `Invalid '${at}.strict': expected true or false.`);
    }
    const params = { name: `${at}.name`, description: `${at}.description`, parameters: `${at}.parameters` };
    const definition = toolDefinition({
      name: fields['name'],
      description: fields['description'],
      parameters: fields['parameters'],
      params,
    });
    tools.push({ type, ...definition, strict: strict ?? null });
    return definition;
  });
  return { tools, definitions };
}

/** Throws 400 for what is no choice; whether there is something to choose is seen when the chat is made. */
export function readToolChoice(given: unknown): ToolChoice {
  if (given == null) return 'auto';
  const word = CHOICES.find((choice) => choice === given);
  if (word !== undefined) return word;
  if (isObject(given) && given['type'] === 'function') {
    const { name } = checkFields(given, new Set(['type', 'name']), new Map(), 'tool_choice.');
    if (typeof name === 'string') return { name };
    throw invalidValue('tool_choice.name', "Invalid 'tool_choice.name': expected the name of a function.");
  }
  const expected = `expected one of 'none', 'auto', 'required', or {"type": "function", "name": ...}`;
  throw invalidValue('tool_choice', `Invalid 'tool_choice': ${expected}.`);
}
