import { Described } from '../api-docs/described.decorator.js';
import { OptionalBoolean } from './field.decorator.js';

@Described({ properties: { include_obfuscation: { type: 'boolean' } } })
export class StreamOptionsDto {
  @OptionalBoolean()
  include_usage?: boolean | null;

  /** vLLM's: the usage so far in every chunk, with `include_usage`. */
  @OptionalBoolean()
  continuous_usage_stats?: boolean | null;
}

/** Its fields; obfuscation pads chunks against eavesdroppers and we never do it. */
export const STREAM_OPTIONS_FIELDS = ['include_usage', 'continuous_usage_stats'] as const;
export const STREAM_OPTIONS_NEUTRAL = new Map([
  ['include_obfuscation', (value: unknown) => typeof value === 'boolean'],
]);
