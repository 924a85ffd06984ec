import { invalidValue, unsupportedParameter } from '../openai/error-catalogue.js';
import type { Constraint } from '../python-engine/worker.js';
import type { ChatRequest, ToolDefinition } from './chat-request.js';
import { CALL_START, CALL_TAIL, callHead } from './tool-text.js';

/** One answer holds so many calls at most: nothing else would end a model that likes to call. */
const MAX_CALLS = 16;

/** Any text but the empty one and what begins with the mark of a call: somewhere the mark ends, or goes on in another way. */
const TEXT = `/${[...CALL_START]
  .map((character, at) => [CALL_START.slice(0, at), `[^${character}](.|\\n)*`])
  .map(([begun, other]) => (begun === '' ? other : `${begun}(${other})?`))
  .join('|')}/`;

/**
 * The grammar of an answer that may or must call tools, in llguidance's Lark. A call's arguments follow the parameters'
 * schema, strict or not. Throws 400: param `tool_choice` where there is nothing to choose, `constraint` for one that can't
 * stand beside calls.
 */
export function toolConstraint(request: ChatRequest): Constraint {
  const { toolChoice, parallelToolCalls, constraint } = request;
  const forced = typeof toolChoice === 'object' ? toolChoice.name : null;
  const offered = forced === null ? request.tools : request.tools.filter(({ name }) => name === forced);
  if (offered.length === 0) {
    const missing = forced === null ? 'any tool' : `the tool '${forced}'`;
    throw invalidValue('tool_choice', `Invalid 'tool_choice': it asks for ${missing}, which 'tools' does not have.`);
  }
  const most = forced !== null || !parallelToolCalls ? 1 : MAX_CALLS;
  const calls = `call{1,${most}}`;
  const rules = offered.flatMap(callRules);
  const text = toolChoice === 'auto' ? textRules(constraint) : null;
  const start = text === null ? `start: ${calls}` : `start: ${text.start} | ${calls}`;
  const call = `call: ${offered.map((_, index) => `call_${index}`).join(' | ')}`;
  return { lark: [start, ...(text === null ? [] : text.rules), call, ...rules].join('\n') };
}

function callRules({ name, parameters }: ToolDefinition, index: number): string[] {
  const head = JSON.stringify(callHead(name));
  return [
    `call_${index}: ${head} arguments_${index} ${JSON.stringify(CALL_TAIL)}`,
    `arguments_${index}: ${json(argumentsSchema(parameters))}`,
  ];
}

/** What may be said instead of a call. An empty text needs an alternative of its own: no lexeme may be empty. */
function textRules(constraint: Constraint | null): { start: string; rules: string[] } {
  if (constraint === null) return { start: '| TEXT', rules: [`TEXT: ${TEXT}`] };
  if ('json_object' in constraint) return { start: 'text', rules: [`text: ${json({ type: 'object' })}`] };
  if ('json_schema' in constraint) return { start: 'text', rules: [`text: ${json(constraint.json_schema)}`] };
  throw unsupportedParameter(
    'constraint',
    "Only a JSON schema or JSON object can constrain the text beside tools; send tool_choice 'none' with anything else.",
  );
}

/** Arguments are always an object; a function without parameters has an empty one. */
function argumentsSchema(parameters: Record<string, unknown> | null): Record<string, unknown> {
  if (parameters === null || Object.keys(parameters).length === 0) {
    return { type: 'object', properties: {}, additionalProperties: false };
  }
  return { type: 'object', ...parameters };
}

/** A schema within Lark, in compact JSON as everywhere else: spaces without end are no text. */
function json(schema: unknown): string {
  const object = schema === true ? {} : (schema as Record<string, unknown>);
  return `%json ${JSON.stringify({ ...object, 'x-guidance': { whitespace_flexible: false } })}`;
}
