import { isObject } from '../generation/check-dto.js';
import { checkFields } from '../generation/check-fields.js';
import { schemaProblem } from '../generation/json-schema.validator.js';
import { invalidValue, missingParameter } from '../openai/error-catalogue.js';
import type { Constraint } from '../python-engine/worker.js';
import type { TextFormat } from './create-response.dto.js';
import { FORMAT_SUPPORTED, TEXT_NEUTRAL, TEXT_SUPPORTED } from './request-fields.js';

const NAME = /^[A-Za-z0-9_-]{1,64}$/;

/** The format that `text` asks for. Throws 400, naming the field. */
export function readFormat(text: Record<string, unknown> | null | undefined): TextFormat {
  const { format } = checkFields(text ?? {}, TEXT_SUPPORTED, TEXT_NEUTRAL, 'text.');
  if (format === undefined) return { type: 'text' };
  if (!isObject(format)) throw wrong('', 'expected an object');
  const { type } = format;
  if (type == null) throw missingParameter('text.format.type');
  const supported = FORMAT_SUPPORTED.get(type);
  if (supported === undefined) throw wrong('.type', "expected one of 'text', 'json_object', 'json_schema'");
  const fields = checkFields(format, supported, new Map(), 'text.format.');
  return type === 'json_schema' ? schemaFormat(fields) : { type: type as 'text' | 'json_object' };
}

/** A schema is obeyed whether it is strict or not. */
export function constraintOf(format: TextFormat): Constraint | null {
  if (format.type === 'text') return null;
  return format.type === 'json_object' ? { json_object: true } : { json_schema: format.schema };
}

function schemaFormat({ name, schema, strict, description }: Record<string, unknown>): TextFormat {
  if (name === undefined) throw missingParameter('text.format.name');
  if (schema === undefined) throw missingParameter('text.format.schema');
  if (typeof name !== 'string' || !NAME.test(name))
    throw wrong('.name', "expected 1 to 64 letters, digits, '_' or '-'");
  const problem = schemaProblem(schema);
  if (problem !== null) throw wrong('.schema', problem);
  if (strict !== undefined && typeof strict !== 'boolean') throw wrong('.strict', 'expected true or false');
  if (description !== undefined && typeof description !== 'string') throw wrong('.description', 'expected a string');
  const told = description === undefined ? {} : { description };
  return { type: 'json_schema', name, schema: schema as Record<string, unknown>, strict: strict ?? null, ...told };
}

function wrong(field: string, expected: string) {
  const param = `text.format${field}`;
  return invalidValue(param, `Invalid '${param}': ${expected}.`);
}
