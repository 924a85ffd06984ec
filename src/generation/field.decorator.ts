import { applyDecorators } from '@nestjs/common';
import {
  ArrayMaxSize,
  IsArray,
  IsBoolean,
  IsInt,
  IsNotEmpty,
  IsNumber,
  IsOptional,
  IsString,
  Length,
  Matches,
  Max,
  MaxLength,
  Min,
} from 'class-validator';
import { atLeast, atMost, BOOLEAN, INTEGER, NUMBER, STRING, UNICODE, WELL_FORMED } from './wording.js';

// Fields as the dialects share them. Of several things wrong the first in a list is told: the type goes before the bounds.

export const ModelName = (): PropertyDecorator =>
  applyDecorators(
    IsString(STRING),
    IsNotEmpty({ message: 'expected the name of a model' }),
    MaxLength(256, { message: 'expected at most 256 characters' }),
  );

export const OptionalBoolean = (): PropertyDecorator => applyDecorators(IsBoolean(BOOLEAN), IsOptional());

export const OptionalInteger = (low: number, high: number): PropertyDecorator =>
  applyDecorators(IsInt(INTEGER), Min(low, atLeast(low)), Max(high, atMost(high)), IsOptional());

export const OptionalNumber = (low: number, high: number): PropertyDecorator =>
  applyDecorators(IsNumber({}, NUMBER), Min(low, atLeast(low)), Max(high, atMost(high)), IsOptional());

/** Above 0. */
export const OptionalPositive = (high: number): PropertyDecorator =>
  applyDecorators(
    IsNumber({}, NUMBER),
    Min(Number.MIN_VALUE, { message: 'expected more than 0' }),
    Max(high, atMost(high)),
    IsOptional(),
  );

export const OptionalString = (longest: number): PropertyDecorator =>
  applyDecorators(
    IsString(STRING),
    MaxLength(longest, { message: `expected at most ${longest} characters` }),
    IsOptional(),
  );

/** Strings that end the text; `expected` is what the field takes. */
export const OptionalStops = (expected: string): PropertyDecorator =>
  applyDecorators(
    IsArray({ message: expected }),
    ArrayMaxSize(4, { message: 'expected at most 4 strings' }),
    IsString({ each: true, message: expected }),
    Length(1, 64, { each: true, message: 'expected strings of 1 to 64 characters' }),
    Matches(WELL_FORMED, { each: true, ...UNICODE }),
    IsOptional(),
  );
