import { engineFailed } from '../../openai/error-catalogue.js';

/** A piece of an engine's answer as an object; its fields are still to be checked. Throws 503 with `reason` where it is none. */
export function jsonObject<T extends object>(text: string, reason: string): T {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'object' && value !== null) return value as T;
  } catch {
    // Told below, as anything else that is none.
  }
  throw engineFailed(reason);
}
