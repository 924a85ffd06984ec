import {
  getMetadataStorage,
  type ValidationArguments,
  ValidationTypes,
  type ValidatorConstraintInterface,
} from 'class-validator';

interface Constraint {
  validator: ValidatorConstraintInterface;
  constraints: unknown[];
  each: boolean;
}

/** What a class says of one of its properties. */
interface PropertyChecks {
  property: string;
  optional: boolean;
  conditions: ((object: object, value: unknown) => boolean)[];
  constraints: Constraint[];
  nested: boolean;
}

const { CUSTOM_VALIDATION, IS_DEFINED, NESTED_VALIDATION, CONDITIONAL_VALIDATION } = ValidationTypes;
const KNOWN = [CUSTOM_VALIDATION, IS_DEFINED, NESTED_VALIDATION, CONDITIONAL_VALIDATION];

/** Null: there is more to it than is known here. */
const compiled = new WeakMap<object, PropertyChecks[] | null>();

/**
 * Whether class-validator would find nothing wrong with a DTO; false also where only it can say. It looks up and groups
 * what its decorators have told for every object anew, which was the largest part of a request's way to the engine.
 */
export function isSurelyValid(dto: object): boolean {
  const checks = checksOf(dto);
  return checks !== null && checks.every((check) => passes(dto, check));
}

function passes(dto: object, { property, optional, conditions, constraints, nested }: PropertyChecks): boolean {
  const value: unknown = dto[property as keyof object];
  if (optional && (value === undefined || value === null)) return true;
  if (!conditions.every((holds) => holds(dto, value))) return true;
  for (const { validator, constraints: given, each } of constraints) {
    const about: ValidationArguments = {
      value,
      constraints: given,
      targetName: dto.constructor.name,
      object: dto,
      property,
    };
    const valid = (one: unknown): boolean => validator.validate(one, about) === true;
    if (!(each && Array.isArray(value) ? value.every(valid) : valid(value))) return false;
  }
  return !nested || value === undefined || (Array.isArray(value) ? value.every(isValidItem) : isValidItem(value));
}

const isValidItem = (value: unknown): boolean => typeof value === 'object' && value !== null && isSurelyValid(value);

function checksOf(dto: object): PropertyChecks[] | null {
  const type = dto.constructor;
  let checks = compiled.get(type);
  if (checks === undefined) compiled.set(type, (checks = compile(type)));
  return checks;
}

function compile(type: NewableFunction): PropertyChecks[] | null {
  const storage = getMetadataStorage();
  const all = storage.getTargetValidationMetadatas(type, '', false, false);
  if (all.length === 0 || all.some((one) => !KNOWN.includes(one.type) || one.validateIf !== undefined)) return null;
  return Object.entries(storage.groupByPropertyName(all)).map(([property, found]) => {
    const ofType = (...wanted: string[]) => found.filter(({ type: one }) => wanted.includes(one));
    const conditional = ofType(CONDITIONAL_VALIDATION);
    return {
      property,
      optional: conditional.some(({ name }) => name === 'isOptional'),
      conditions: conditional
        .filter(({ name }) => name !== 'isOptional')
        .map(({ constraints: [holds] }) => holds as PropertyChecks['conditions'][number]),
      constraints: ofType(CUSTOM_VALIDATION, IS_DEFINED).flatMap(({ constraintCls, constraints, each }) =>
        storage
          .getTargetValidatorConstraints(constraintCls)
          .map(({ instance }) => ({ validator: instance, constraints: constraints as unknown[], each })),
      ),
      nested: ofType(NESTED_VALIDATION).length > 0,
    };
  });
}
