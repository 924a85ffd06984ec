import { MATCHES, MAX, MIN, ValidationTypes } from 'class-validator';
import { validationMetadatasToSchemas } from 'class-validator-jsonschema';
import type { Settings } from '../config/settings.js';
import { orNull, type Schema } from './schema.js';

type Constraint = { constraints: unknown[] };

/** What the library takes for numbers of any kind is a whole number where IsInt says so; our own validators say it themselves. */
const CONVERTERS = {
  [MIN]: ({ constraints: [low] }: Constraint) =>
    low === Number.MIN_VALUE ? { exclusiveMinimum: 0 } : { minimum: low },
  [MAX]: ({ constraints: [high] }: Constraint) => ({ maximum: high }),
  [ValidationTypes.CUSTOM_VALIDATION]: {},
  // A schema's patterns have no flags; of ours those with them say that the text is well-formed, which JSON text is.
  [MATCHES]: ({ constraints: [shape] }: Constraint) => {
    const { source, flags } = shape as RegExp;
    return { type: 'string', ...(flags === '' ? { pattern: source } : {}) };
  },
  isLogitBias: {
    type: 'object',
    patternProperties: { '^(0|[1-9][0-9]{0,8})$': { type: 'number', minimum: -100, maximum: 100 } },
    additionalProperties: false,
    maxProperties: 300,
  },
  isMetadata: {
    type: 'object',
    propertyNames: { maxLength: 64 },
    additionalProperties: { type: 'string', maxLength: 512 },
    maxProperties: 16,
  },
  isJsonSchema: { type: 'object' },
  isSeed: { type: 'integer', minimum: 0, exclusiveMaximum: 2 ** 63 },
};

/**
 * The schema of every class with validators, by its name. Each has exactly the fields that it names; one that may be absent
 * may be null. `x-limits` names bounds that are settings: {"maxItems": "maxMessages"}.
 */
export function dtoSchemas(settings: Settings): ReadonlyMap<string, Schema> {
  const schemas = validationMetadatasToSchemas({
    refPointerPrefix: '#/components/schemas/',
    additionalConverters: CONVERTERS as never,
  });
  return new Map(
    Object.entries(schemas).map(([name, schema]) => [
      name,
      withLimits({ additionalProperties: false, ...schema, ...nullable(schema as Schema) }, settings) as Schema,
    ]),
  );
}

function nullable({ properties = {}, required = [] }: Schema): Schema {
  const fields = Object.entries(properties as Record<string, Schema>).map(([name, schema]) => [
    name,
    (required as string[]).includes(name) ? schema : orNull(schema),
  ]);
  return { properties: Object.fromEntries(fields) as Schema };
}

function withLimits(value: unknown, settings: Settings): unknown {
  if (Array.isArray(value)) return value.map((item) => withLimits(item, settings));
  if (typeof value !== 'object' || value === null) return value;
  const { 'x-limits': limits = {}, ...rest } = value as Record<string, unknown>;
  const named = Object.entries(limits as Record<string, keyof Settings>).map(([bound, name]) => [
    bound,
    settings[name],
  ]);
  const members = Object.entries(rest).map(([name, member]) => [name, withLimits(member, settings)]);
  return Object.fromEntries([...members, ...named]);
}
