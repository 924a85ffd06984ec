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
  const { type, enum: values } = schema;
  const listed = Array.isArray(values) ? { enum: [...new Set([...(values as unknown[]), null])] } : {};
  if (typeof type === 'string') return { ...schema, type: [type, 'null'], ...listed };
  if (Array.isArray(type) || Object.keys(schema).length === 0) return schema; // has null already, or anything
  return Array.isArray(values) && Object.keys(schema).length === 1 ? listed : { anyOf: [schema, { type: 'null' }] };
};

/** A class whose decorators describe it, wherever it stands in the document. */
export const refTo = ({ name }: { name: string }): Schema => ({ $ref: `#/components/schemas/${name}` });

export const STRING: Schema = { type: 'string' };
export const COUNT: Schema = { type: 'integer', minimum: 0 };
export const NUMBER: Schema = { type: 'number' };
export const BOOLEAN: Schema = { type: 'boolean' };
export const ids = (maxItems?: number): Schema => arrayOf(COUNT, maxItems === undefined ? {} : { maxItems });
