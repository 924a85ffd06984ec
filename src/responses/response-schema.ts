import { arrayOf, COUNT, objectOf, orNull, type Schema, STRING } from '../api-docs/schema.js';

const ITEM: Schema = {
  type: 'object',
  properties: { id: STRING, type: { enum: ['message', 'function_call'] }, status: STRING },
  required: ['id', 'type', 'status'],
};

export const RESPONSE = objectOf({
  id: STRING,
  object: { const: 'response' },
  created_at: COUNT,
  completed_at: orNull(COUNT),
  status: { enum: ['in_progress', 'completed', 'incomplete', 'failed'] },
  error: orNull(objectOf({ code: STRING, message: STRING })),
  incomplete_details: orNull(objectOf({ reason: STRING })),
  model: STRING,
  output: arrayOf(ITEM),
  usage: orNull(objectOf({ input_tokens: COUNT, output_tokens: COUNT, total_tokens: COUNT })),
  metadata: { type: 'object', additionalProperties: STRING },
});

/** Each event has its type and its place beside what it tells. */
export const RESPONSE_EVENT = objectOf({ type: STRING, sequence_number: COUNT });

export const DELETED_RESPONSE = objectOf({ id: STRING, object: { const: 'response' }, deleted: { const: true } });

export const RESPONSE_ID: Schema = { type: 'string', minLength: 1 };

/** What is read beside the validators of the body. */
export const REQUEST_UNIONS: Record<string, Schema> = {
  input: {
    anyOf: [STRING, { ...arrayOf({ type: 'object' }, { minItems: 1 }), 'x-limits': { maxItems: 'maxMessages' } }],
  },
  text: { type: ['object', 'null'], properties: { format: { type: ['object', 'null'] }, verbosity: {} } },
  tools: { type: ['array', 'null'], items: { type: 'object' }, maxItems: 128 },
  tool_choice: { anyOf: [{ enum: ['none', 'auto', 'required', null] }, { type: 'object' }] },
};
