import type { ApiRouteDescription } from '../api-docs/api-route.decorator.js';
import { objectOf, type Schema, STRING } from '../api-docs/schema.js';

const CHECKS: Schema = { type: ['object', 'null'], additionalProperties: { type: 'object' } };

/** Terminus's own body; a failed probe has the reason in one line beside it. */
const PROBE: Schema = objectOf({ status: { enum: ['ok', 'error', 'shutting_down'] }, details: CHECKS });
const FAILED: Schema = { ...PROBE, properties: { ...(PROBE['properties'] as object), reason: STRING } };

export const probe = (summary: string): ApiRouteDescription => ({
  summary,
  tag: 'Health',
  answer: PROBE,
  failed: { 503: FAILED },
});
