import { JSONSchema } from 'class-validator-jsonschema';
import type { Schema } from './schema.js';

/** What a field's or a class's validators don't say of it: merged into what they say, or made of it by a function. */
export const Described = (schema: Schema | ((said: Schema) => Schema)): ClassDecorator & PropertyDecorator =>
  JSONSchema(schema as Parameters<typeof JSONSchema>[0]) as ClassDecorator & PropertyDecorator;
