import { isObject } from '../generation/check-dto.js';
import { noObject, schemaProblem } from '../generation/json-schema.validator.js';
import { invalidValue, missingParameter } from '../openai/error-catalogue.js';
import type { ToolDefinition } from './chat-request.js';

/** As the dialects bound it; it also keeps a name within a line of a grammar. */
export const TOOL_NAME = /^[A-Za-z0-9_-]{1,128}$/;
const MAX_TOOLS = 128;

/** A tool's fields in no dialect, each with the name that its client knows it by. */
export interface ToolFields {
  name: unknown;
  description: unknown;
  parameters: unknown;
  params: { name: string; description: string; parameters: string };
}

/** Throws 400 for the first thing wrong with a tool, naming its field. */
export function toolDefinition({ name, description, parameters, params }: ToolFields): ToolDefinition {
  if (name == null) throw missingParameter(params.name);
  if (typeof name !== 'string' || !TOOL_NAME.test(name)) {
    throw invalidValue(params.name, `Invalid '${params.name}': expected 1 to 128 letters, digits, '_' or '-'.`);
  }
  if (description != null && typeof description !== 'string') {
    throw invalidValue(params.description, `Invalid '${params.description}': expected a string.`);
  }
  const problem = parameters == null ? null : (schemaProblem(parameters) ?? noObject(parameters));
  if (problem !== null) throw invalidValue(params.parameters, `Invalid '${params.parameters}': ${problem}.`);
  return { name, description: description ?? null, parameters: (parameters ?? null) as ToolDefinition['parameters'] };
}

/** The tools of a request, each read by `read`. Throws 400 also for too many and for a name that comes twice. */
export function readTools(tools: unknown, read: (tool: Record<string, unknown>, at: string) => ToolDefinition) {
  if (!Array.isArray(tools)) throw invalidValue('tools', "Invalid 'tools': expected an array of tools.");
  if (tools.length > MAX_TOOLS) throw invalidValue('tools', `Invalid 'tools': expected at most ${MAX_TOOLS} tools.`);
  const names = new Set<string>();
  return tools.map((tool: unknown, index): ToolDefinition => {
    const at = `tools[${index}]`;
    if (!isObject(tool)) throw invalidValue(at, `Invalid '${at}': expected an object.`);
    const definition = read(tool, at);
    if (names.has(definition.name)) {
      throw invalidValue(at, `Invalid '${at}': there is already a tool named '${definition.name}'.`);
    }
    names.add(definition.name);
    return definition;
  });
}
