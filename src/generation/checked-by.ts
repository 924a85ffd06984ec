import { registerDecorator, type ValidationArguments } from 'class-validator';

/** A validator of our own: `problemOf` says what is wrong with a value, or null. */
export const checkedBy =
  (name: string, problemOf: (value: unknown) => string | null): PropertyDecorator =>
  (target, propertyName) =>
    registerDecorator({
      name,
      target: target.constructor,
      propertyName: String(propertyName),
      validator: {
        validate: (value: unknown) => problemOf(value) === null,
        defaultMessage: (argument?: ValidationArguments) => problemOf(argument?.value) ?? '',
      },
    });
