import { IsBoolean, IsOptional } from 'class-validator';
import { Described } from '../api-docs/described.decorator.js';
import { BOOLEAN } from './wording.js';

@Described({ properties: { include_obfuscation: { type: 'boolean' } } })
export class StreamOptionsDto {
  @IsOptional()
  @IsBoolean(BOOLEAN)
  include_usage?: boolean | null;

  /** vLLM's: the usage so far in every chunk, with `include_usage`. */
  @IsOptional()
  @IsBoolean(BOOLEAN)
  continuous_usage_stats?: boolean | null;
}

/** Its fields; obfuscation pads chunks against eavesdroppers and we never do it. */
export const STREAM_OPTIONS_FIELDS = ['include_usage', 'continuous_usage_stats'] as const;
export const STREAM_OPTIONS_NEUTRAL = new Map([
  ['include_obfuscation', (value: unknown) => typeof value === 'boolean'],
]);
