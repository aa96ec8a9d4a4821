/*
 * Checks of JSON bodies, without a dependency: the sandbox image is this folder and Node. They differ from a general
 * library in one way: they say which of the container's four complaints a value deserves.
 */

export type ShapeProblem = 'missing' | 'invalid' | 'unexpected' | 'too-long';

/** A body that is not what was asked for. `path` names the parameter (`text.body`). */
export class ShapeError extends Error {
  readonly problem: ShapeProblem;
  readonly path: string;

  constructor(problem: ShapeProblem, path: string, sentence: string) {
    super(path === '' ? sentence : `${path}: ${sentence}`);
    this.problem = problem;
    this.path = path;
  }
}

/** Returns the value, typed, or throws ShapeError. */
export type Check<T> = (value: unknown, path: string) => T;
export type Checked<C> = C extends Check<infer T> ? T : never;

export function invalid(path: string, sentence: string): ShapeError {
  return new ShapeError('invalid', path, sentence);
}

function present(value: unknown, path: string): asserts value is NonNullable<unknown> {
  if (value === undefined || value === null) throw new ShapeError('missing', path, 'is required');
}

export function string(
  limits: { min?: number; max?: number; pattern?: RegExp; expected?: string; tooLong?: 'too-long' | 'invalid' } = {},
): Check<string> {
  const { min = 1, max = Number.POSITIVE_INFINITY, pattern, expected, tooLong = 'invalid' } = limits;
  return (value, path) => {
    present(value, path);
    if (typeof value !== 'string') throw invalid(path, 'must be a string');
    if (value === '' && min > 0) throw new ShapeError('missing', path, 'must not be empty');
    // Characters, not UTF-16 units: an emoji counts once.
    const length = [...value].length;
    if (length < min) throw invalid(path, `must have at least ${min} characters`);
    if (length > max) throw new ShapeError(tooLong, path, `has ${length} characters, at most ${max} are allowed`);
    if (pattern && !pattern.test(value)) throw invalid(path, `must be ${expected ?? `like ${pattern.source}`}`);
    return value;
  };
}

export function number(limits: { min?: number; max?: number; integer?: boolean } = {}): Check<number> {
  const { min = Number.NEGATIVE_INFINITY, max = Number.POSITIVE_INFINITY, integer = false } = limits;
  return (value, path) => {
    present(value, path);
    if (typeof value !== 'number' || !Number.isFinite(value)) throw invalid(path, 'must be a number');
    if (integer && !Number.isInteger(value)) throw invalid(path, 'must be a whole number');
    if (value < min || value > max) throw invalid(path, `must be between ${min} and ${max}`);
    return value;
  };
}

/** A number, or a string that spells one: some of the container's parameters are documented as either. */
export function numeric(limits: { min?: number; max?: number; integer?: boolean } = {}): Check<number> {
  const check = number(limits);
  return (value, path) =>
    check(typeof value === 'string' && /^-?\d+(\.\d+)?$/.test(value) ? Number(value) : value, path);
}

export const boolean: Check<boolean> = (value, path) => {
  present(value, path);
  if (typeof value !== 'boolean') throw invalid(path, 'must be true or false');
  return value;
};

export function oneOf<const T extends string | number>(...values: T[]): Check<T> {
  return (value, path) => {
    present(value, path);
    const found = values.find((candidate) => candidate === value);
    if (found === undefined) throw invalid(path, `must be one of ${values.join(', ')}`);
    return found;
  };
}

export function optional<T>(check: Check<T>): Check<T | undefined> {
  return (value, path) => (value === undefined ? undefined : check(value, path));
}

/** As `optional`, and null is kept: it clears a value. */
export function nullable<T>(check: Check<T>): Check<T | null | undefined> {
  return (value, path) => (value === undefined || value === null ? value : check(value, path));
}

export function array<T>(check: Check<T>, limits: { min?: number; max?: number } = {}): Check<T[]> {
  const { min = 0, max = Number.POSITIVE_INFINITY } = limits;
  return (value, path) => {
    present(value, path);
    if (!Array.isArray(value)) throw invalid(path, 'must be an array');
    if (value.length < min || value.length > max) {
      throw invalid(path, `has ${value.length} entries, allowed are ${min} to ${max}`);
    }
    return value.map((entry, index) => check(entry, `${path}[${index}]`));
  };
}

export type JsonObject = Record<string, unknown>;

/** Any object, whatever it holds. */
export const anyObject: Check<JsonObject> = (value, path) => {
  present(value, path);
  if (typeof value !== 'object' || Array.isArray(value)) throw invalid(path, 'must be an object');
  return value as JsonObject;
};

type Shape = Record<string, Check<unknown>>;
type OptionalKeys<S extends Shape> = { [K in keyof S]: undefined extends Checked<S[K]> ? K : never }[keyof S];
type Shaped<S extends Shape> = { [K in Exclude<keyof S, OptionalKeys<S>>]: Checked<S[K]> } & {
  [K in OptionalKeys<S>]?: Checked<S[K]>;
};

/** An object with exactly these keys; others are complained of as unexpected. */
export function object<S extends Shape>(shape: S): Check<Shaped<S>> {
  return (value, path) => {
    const given = anyObject(value, path);
    const result: JsonObject = {};
    for (const key of Object.keys(given)) {
      if (!Object.hasOwn(shape, key)) {
        throw new ShapeError('unexpected', join(path, key), `is not known; known are ${Object.keys(shape).join(', ')}`);
      }
    }
    for (const [key, check] of Object.entries(shape)) {
      const checked = check(given[key], join(path, key));
      if (checked !== undefined) result[key] = checked;
    }
    return result as Shaped<S>;
  };
}

function join(path: string, key: string): string {
  return path === '' ? key : `${path}.${key}`;
}
