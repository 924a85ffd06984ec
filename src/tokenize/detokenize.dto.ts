import { IsArray, IsInt, IsOptional, Max, Min } from 'class-validator';
import { Described } from '../api-docs/described.decorator.js';
import { atLeast, atMost } from '../generation/wording.js';
import { ModelName } from '../generation/field.decorator.js';

const HIGHEST_ID = 2 ** 31 - 1;
const IDS = { message: 'expected an array of token ids' };

export class DetokenizeDto {
  @IsOptional()
  @ModelName()
  model?: string | null;

  /** Ids below the vocabulary's size, which the engine knows. */
  @Described({ 'x-limits': { maxItems: 'maxTotalChars' } })
  @Max(HIGHEST_ID, { each: true, ...atMost(HIGHEST_ID) })
  @Min(0, { each: true, ...atLeast(0) })
  @IsInt({ each: true, ...IDS })
  @IsArray(IDS)
  tokens!: number[];
}
