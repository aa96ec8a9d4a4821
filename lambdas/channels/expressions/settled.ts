/*
 * Most of what a spec asks for is there at once, and only a real expression must be waited for. Waiting for what is there
 * already would cost more than getting it.
 */

export type MaybePromise<Value> = Value | Promise<Value>;

/** Goes on with a value: at once when it is there, else when it has come. */
export function andThen<Value, Result>(
  value: MaybePromise<Value>,
  next: (value: Value) => MaybePromise<Result>,
): MaybePromise<Result> {
  return value instanceof Promise ? value.then(next) : next(value);
}

/** All of the values, at once when none must be waited for. */
export function allOf<Value>(values: MaybePromise<Value>[]): MaybePromise<Value[]> {
  return values.some((value) => value instanceof Promise) ? Promise.all(values) : (values as Value[]);
}
