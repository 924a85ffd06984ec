import { applyDecorators } from '@nestjs/common';
import {
  ArrayMaxSize,
  IsBoolean,
  IsIn,
  IsInt,
  IsNumber,
  IsOptional,
  IsString,
  Matches,
  Max,
  MaxLength,
  Min,
} from 'class-validator';

/** Turns the text of a variable into its value; what it can't read it gives back for the validator to refuse. */
type Parse = (text: string) => unknown;

export interface Variable {
  /** The name in the environment. */
  name: string;
  parse: Parse;
}

const variables = new Map<string, Variable>();

/** Every field of Settings that is read from the environment, by field name. */
export const settingVariables: ReadonlyMap<string, Variable> = variables;

export const IntegerVariable = (name: string, low: number, high: number): PropertyDecorator =>
  applyDecorators(
    from(name, (text) => (/^-?\d+$/.test(text) ? Number(text) : text)),
    IsOptional(),
    IsInt({ message: 'is not a whole number' }),
    Min(low, { message: `is below ${low}` }),
    Max(high, { message: `is above ${high}` }),
  );

export const NumberVariable = (name: string, low: number, high: number): PropertyDecorator =>
  applyDecorators(
    from(name, (text) => (/^-?(\d+\.?\d*|\.\d+)$/.test(text) ? Number(text) : text)),
    IsOptional(),
    IsNumber({ allowNaN: false, allowInfinity: false }, { message: 'is not a number' }),
    Min(low, { message: `is below ${low}` }),
    Max(high, { message: `is above ${high}` }),
  );

/** One word of a few, in any case; `synonyms` are taken as the word they name. */
export const ChoiceVariable = (
  name: string,
  choices: readonly string[],
  synonyms: Readonly<Record<string, string>> = {},
): PropertyDecorator =>
  applyDecorators(
    from(name, (text) => synonyms[text.toLowerCase()] ?? text.toLowerCase()),
    IsIn(choices, { message: `is none of ${choices.join(', ')}` }),
  );

const FLAGS: Readonly<Record<string, boolean>> = {
  ...{ '1': true, true: true, yes: true, on: true },
  ...{ '0': false, false: false, no: false, off: false },
};

/** On or off, in the words that the Hub's own tools take. */
export const FlagVariable = (name: string): PropertyDecorator =>
  applyDecorators(
    from(name, (text) => FLAGS[text.toLowerCase()] ?? text),
    IsBoolean({ message: 'is none of 1, true, yes, on, 0, false, no, off' }),
  );

/** `upTo` bounds the length; `shape` and its `wording` say what the text must look like, after `parse`. */
export const TextVariable = (
  name: string,
  shape?: RegExp,
  wording = 'has the wrong form',
  parse: Parse = (text) => text,
): PropertyDecorator =>
  applyDecorators(
    from(name, parse),
    IsOptional(),
    IsString(),
    MaxLength(4096, { message: 'is longer than 4096 characters' }),
    ...(shape === undefined ? [] : [Matches(shape, { message: wording })]),
  );

/** Words separated by commas, at most `most` of them. */
export const ListVariable = (name: string, shape: RegExp, wording: string, most = 256): PropertyDecorator =>
  applyDecorators(
    from(name, (text) =>
      Object.freeze(
        text
          .split(',')
          .map((word) => word.trim())
          .filter((word) => word !== ''),
      ),
    ),
    ArrayMaxSize(most, { message: `has more than ${most} words` }),
    Matches(shape, { each: true, message: wording }),
  );

function from(name: string, parse: Parse): PropertyDecorator {
  return (_target, field) => {
    variables.set(String(field), { name, parse });
  };
}
