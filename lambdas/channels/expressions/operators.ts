import { isDeepStrictEqual } from 'node:util';

/*
 * JSONata's operators and some of its functions on values, as its interpreter has them (a property test holds both
 * together).
 */

/** A value of a type that an operator or a function does not take; `code` is JSONata's. */
export class OperandError extends Error {
  readonly code: string;

  constructor(code: string) {
    super(code);
    this.code = code;
  }
}

/** In JSONata nothing equals, and nothing differs from, a missing value. */
export function isEqual(left: unknown, right: unknown): boolean {
  return left !== undefined && right !== undefined && isSame(left, right);
}

export function isDifferent(left: unknown, right: unknown): boolean {
  return left !== undefined && right !== undefined && !isSame(left, right);
}

function isSame(left: unknown, right: unknown): boolean {
  return left === right || (typeof left === 'object' && typeof right === 'object' && isDeepStrictEqual(left, right));
}

export function isMember(value: unknown, list: unknown): boolean {
  if (value === undefined || list === undefined) return false;
  return (Array.isArray(list) ? list : [list]).includes(value);
}

/** JSONata's `$boolean`: empty texts, lists and objects, 0 and null are false; a list is true if a member is. */
export function isTruthy(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return Boolean(value);
  return Array.isArray(value) ? value.some(isTruthy) : Object.keys(value).length > 0;
}

/** Compares two texts or two numbers; undefined when one is missing. */
export function compared<Result>(
  left: unknown,
  right: unknown,
  compare: (left: string | number, right: string | number) => Result,
): Result | undefined {
  for (const value of [left, right]) {
    if (value !== undefined && typeof value !== 'string' && typeof value !== 'number') throw new OperandError('T2010');
  }
  if (left === undefined || right === undefined) return undefined;
  if (typeof left !== typeof right) throw new OperandError('T2009');
  return compare(left as string | number, right as string | number);
}

/** Adds or subtracts; undefined when one is missing. */
export function computed(
  left: unknown,
  right: unknown,
  compute: (left: number, right: number) => number,
): number | undefined {
  if (left !== undefined && typeof left !== 'number') throw new OperandError('T2001');
  if (right !== undefined && typeof right !== 'number') throw new OperandError('T2002');
  return left === undefined || right === undefined ? undefined : compute(left, right);
}

/** `&`: puts two values together as texts; a missing one is an empty text. */
export function joined(left: unknown, right: unknown): string {
  return (left === undefined ? '' : textOf(left)) + (right === undefined ? '' : textOf(right));
}

/** `$string` */
export function textOf(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value, withoutNoise);
}

/** Numbers as JSONata writes them: without the last digits, where binary fractions show. */
function withoutNoise(_key: string, value: unknown): unknown {
  return typeof value === 'number' && !Number.isInteger(value) ? Number(value.toPrecision(15)) : value;
}

/** Functions on a text and a literal: undefined for a missing text. */
export const TEXT_FUNCTIONS: Readonly<Record<string, (text: string, literal: string) => unknown>> = {
  contains: (text, part) => text.includes(part),
  substringBefore: (text, mark) => (text.includes(mark) ? text.slice(0, text.indexOf(mark)) : text),
  substringAfter: (text, mark) => (text.includes(mark) ? text.slice(text.indexOf(mark) + mark.length) : text),
};

/** `$contains` with a regular expression. */
export function matches(text: unknown, pattern: RegExp): boolean | undefined {
  if (text === undefined) return undefined;
  if (typeof text !== 'string') throw new OperandError('T0410');
  // JSONata's are sticky about where they were.
  pattern.lastIndex = 0;
  return pattern.test(text);
}

/** Applies a function of `TEXT_FUNCTIONS` to what should be a text. */
export function onText(value: unknown, run: (text: string) => unknown): unknown {
  if (value === undefined) return undefined;
  if (typeof value !== 'string') throw new OperandError('T0410');
  return run(value);
}
