import { SetMetadata, type Type } from '@nestjs/common';
import type { Schema } from './schema.js';

export interface ApiRouteDescription {
  summary: string;
  /** The heading that it stands under. */
  tag: string;
  /** The DTO of its body; several where any of them will do. */
  body?: Type | readonly Type[];
  /** Path parameters by name. */
  parameters?: Readonly<Record<string, Schema>>;
  /** The body of 200. */
  answer?: Schema;
  /** The JSON of an event, where the answer may be a stream. */
  events?: Schema;
  /** Where the answer is no JSON. */
  contentType?: string;
  /** Statuses that can come beside 200 and those that any route has. */
  errors?: readonly number[];
  /** Where an error's body is not OpenAI's. */
  errorBody?: Schema;
  /** Bodies of single statuses that are no error's, as a probe's 503. */
  failed?: Readonly<Record<number, Schema>>;
}

const KEY = 'api-route';

/** Describes a route in the API's document. A route without it is missing there, which a test tells. */
export const ApiRoute = (description: ApiRouteDescription): MethodDecorator => SetMetadata(KEY, description);

export function routeDescription(handler: object): ApiRouteDescription | null {
  return (Reflect.getMetadata(KEY, handler) as ApiRouteDescription | undefined) ?? null;
}
