/** JSON Schema of 2020-12, the dialect of OpenAPI 3.1. */
export type Schema = Readonly<Record<string, unknown>>;

/** An object whose members are all there. */
export const objectOf = (properties: Record<string, Schema>, more: Schema = {}): Schema => ({
  type: 'object',
  properties,
  required: Object.keys(properties),
  ...more,
});

export const arrayOf = (items: Schema, more: Schema = {}): Schema => ({ type: 'array', items, ...more });

export const orNull = (schema: Schema): Schema => {
  if (typeof schema['type'] !== 'string') return { anyOf: [schema, { type: 'null' }] };
  const values = schema['enum'];
  return { ...schema, type: [schema['type'], 'null'], ...(Array.isArray(values) ? { enum: [...values, null] } : {}) };
};

/** A class whose decorators describe it, wherever it stands in the document. */
export const refTo = ({ name }: { name: string }): Schema => ({ $ref: `#/components/schemas/${name}` });

export const STRING: Schema = { type: 'string' };
export const COUNT: Schema = { type: 'integer', minimum: 0 };
export const NUMBER: Schema = { type: 'number' };
export const BOOLEAN: Schema = { type: 'boolean' };
export const ids = (maxItems?: number): Schema => arrayOf(COUNT, maxItems === undefined ? {} : { maxItems });
