import { invalidValue } from '../openai/error-catalogue.js';
import type { Constraint } from '../python-engine/worker.js';
import { checkFields } from './check-fields.js';
import { STRUCTURED_OUTPUTS_FIELDS, StructuredOutputsDto } from './structured-outputs.dto.js';

const FIELDS: ReadonlySet<string> = new Set(STRUCTURED_OUTPUTS_FIELDS);
/** Options of vLLM's back ends at what holds here anyway: JSON is compact, and there is one back end. */
const NEUTRAL = new Map([
  ['disable_any_whitespace', (value: unknown) => value === true || value === false],
  ['disable_fallback', (value: unknown) => value === true || value === false],
  ['disable_additional_properties', (value: unknown) => value === false],
]);

/** Throws 400 unless it has exactly one field. A schema may come as text, as vLLM takes it. */
export function structuredOutputs(value: object): StructuredOutputsDto {
  const fields = checkFields(value, FIELDS, NEUTRAL, 'structured_outputs.');
  if (Object.keys(fields).length !== 1) {
    const names = STRUCTURED_OUTPUTS_FIELDS.map((name) => `'${name}'`).join(', ');
    throw invalidValue('structured_outputs', `Invalid 'structured_outputs': expected exactly one of ${names}.`);
  }
  if (typeof fields['json'] === 'string') fields['json'] = parsed(fields['json']);
  return Object.assign(new StructuredOutputsDto(), fields);
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw invalidValue('structured_outputs.json', "Invalid 'structured_outputs.json': expected a JSON schema.");
  }
}

/** A checked one for the engine. */
export function constraintOf({ json, regex, choice, grammar }: StructuredOutputsDto): Constraint {
  if (json != null) return { json_schema: json };
  if (regex != null) return { regex };
  if (choice != null) return { choice };
  return grammar == null ? { json_object: true } : { lark: grammar };
}
