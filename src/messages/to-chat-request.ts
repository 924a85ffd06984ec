import type { ChatRequest } from '../chat/chat-request.js';
import { isObject } from '../generation/check-dto.js';
import { checkFields } from '../generation/check-fields.js';
import { schemaProblem } from '../generation/json-schema.validator.js';
import { samplingOf } from '../generation/sampling-of.js';
import { invalidValue } from '../openai/error-catalogue.js';
import type { Constraint } from '../python-engine/worker.js';
import { CreateMessageDto, type MessagePrompt } from './create-message.dto.js';
import { readMessageToolChoice, readMessageTools } from './read-tool-use.js';
import { type ReadMessages } from './read-messages.js';
import { OUTPUT_CONFIG_NEUTRAL, OUTPUT_CONFIG_SUPPORTED } from './request-fields.js';

/** A checked request, for code that reads it and validates nothing. */
export interface MessageRequest {
  model: string;
  stream: boolean;
  chat: ChatRequest;
}

/** The chat of a body whose plain fields are checked and whose messages are read; throws 400 for what else is wrong. */
export function toChatRequest(dto: MessagePrompt, { turns }: ReadMessages): ChatRequest {
  const create = dto instanceof CreateMessageDto ? dto : null;
  return {
    turns,
    tools: readMessageTools(dto.tools),
    ...readMessageToolChoice(dto.tool_choice),
    constraint: constraintOf(dto.output_config),
    sampling: samplingOf({ ...create, stop: create?.stop_sequences ?? null }, { maxTokens: create?.max_tokens }),
    n: 1,
    calculator: create?.calculator ?? null,
  };
}

function constraintOf(config: Record<string, unknown> | null | undefined): Constraint | null {
  const { format } = checkFields(config ?? {}, OUTPUT_CONFIG_SUPPORTED, OUTPUT_CONFIG_NEUTRAL, 'output_config.');
  if (format === undefined) return null;
  const param = 'output_config.format';
  if (!isObject(format) || format['type'] !== 'json_schema') {
    throw invalidValue(param, `Invalid '${param}': expected {"type": "json_schema", "schema": ...}.`);
  }
  const { schema } = checkFields(format, new Set(['type', 'schema']), new Map(), `${param}.`);
  const problem = schemaProblem(schema);
  if (problem !== null) throw invalidValue(`${param}.schema`, `Invalid '${param}.schema': ${problem}.`);
  return { json_schema: schema };
}
