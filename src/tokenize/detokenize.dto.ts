import { IsArray, IsInt, IsNotEmpty, IsOptional, IsString, Max, MaxLength, Min } from 'class-validator';
import { Described } from '../api-docs/described.decorator.js';
import { atLeast, atMost, STRING } from '../generation/wording.js';

const HIGHEST_ID = 2 ** 31 - 1;
const IDS = { message: 'expected an array of token ids' };

export class DetokenizeDto {
  @IsOptional()
  @MaxLength(256, { message: 'expected at most 256 characters' })
  @IsNotEmpty({ message: 'expected the name of a model' })
  @IsString(STRING)
  model?: string | null;

  /** Ids below the vocabulary's size, which the engine knows. */
  @Described({ 'x-limits': { maxItems: 'maxTotalChars' } })
  @Max(HIGHEST_ID, { each: true, ...atMost(HIGHEST_ID) })
  @Min(0, { each: true, ...atLeast(0) })
  @IsInt({ each: true, ...IDS })
  @IsArray(IDS)
  tokens!: number[];
}
