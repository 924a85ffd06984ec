/** What a refusal says was expected; the field is named before it. */
export const NUMBER = { message: 'expected a number' };
export const INTEGER = { message: 'expected a whole number' };
export const BOOLEAN = { message: 'expected true or false' };
export const STRING = { message: 'expected a string' };
export const OBJECT = { message: 'expected an object' };
export const atLeast = (low: number) => ({ message: `expected at least ${low}` });
export const atMost = (high: number) => ({ message: `expected at most ${high}` });
export const WELL_FORMED = /^\P{Surrogate}*$/u;
export const UNICODE = { message: 'expected well-formed Unicode, but got an unpaired surrogate' };
