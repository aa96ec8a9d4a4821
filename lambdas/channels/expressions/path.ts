/*
 * Property reads that give exactly what JSONata gives for a plain path, without its interpreter. JSONata maps a path over
 * lists it meets on the way, flattens what it finds and unwraps a result of one; that work is only done when a list is met.
 */

/** Keeps elements: one by position (from the end when negative), or those that meet a condition. */
export type Filter = { index: number } | { test: (context: unknown, root: unknown) => boolean };

export interface Step {
  name: string;
  filters: readonly Filter[];
}

/**
 * What one step finds in one value. A `sequence` is JSONata's own list of results, which it unwraps; a list that stood in the
 * data stays a list.
 */
interface Found {
  value: unknown;
  sequence: boolean;
}

/** Follows the steps from `context`; undefined when the way ends before they do. */
export function followPath(steps: readonly Step[], context: unknown, root: unknown): unknown {
  let current = context;
  for (let index = 0; index < steps.length; index++) {
    const step = steps[index] as Step;
    if (Array.isArray(current) || step.filters.length > 0) {
      return followFromList(steps, index, Array.isArray(current) ? current : [current], root);
    }
    current = readOwn(current, step.name);
    if (current === undefined) return undefined;
  }
  return current;
}

function followFromList(steps: readonly Step[], from: number, list: readonly unknown[], root: unknown): unknown {
  let items = list;
  for (let index = from; index < steps.length; index++) {
    const step = steps[index] as Step;
    const found: Found[] = [];
    for (const item of items) {
      const one = takeStep(step, item, root);
      if (one.value !== undefined) found.push(one);
    }
    const [only] = found;
    if (index === steps.length - 1 && found.length === 1 && only && Array.isArray(only.value) && !only.sequence) {
      return only.value;
    }
    items = found.flatMap(({ value }) => value);
    // Back on the straight way: one value that is no list, as in `messages[0].id`.
    if (items.length === 1 && !Array.isArray(items[0])) return followPath(steps.slice(index + 1), items[0], root);
  }
  return unwrap(items);
}

function takeStep(step: Step, item: unknown, root: unknown): Found {
  let found: Found;
  if (Array.isArray(item)) {
    const values = readEach(item, step.name);
    found = { value: unwrap(values), sequence: values.length > 1 };
  } else {
    found = { value: readOwn(item, step.name), sequence: false };
  }
  for (const filter of step.filters) found = applyFilter(filter, found.value, root);
  return found;
}

function applyFilter(filter: Filter, value: unknown, root: unknown): Found {
  const list = Array.isArray(value) ? value : value === undefined ? [] : [value];
  if ('test' in filter) return { value: list.filter((item) => filter.test(item, root)), sequence: true };
  const item: unknown = list.at(filter.index);
  if (Array.isArray(item)) return { value: item, sequence: false };
  return { value: item === undefined ? [] : [item], sequence: true };
}

/** Own properties only: a payload must not reach `constructor` and its like. */
function readOwn(value: unknown, name: string): unknown {
  if (typeof value !== 'object' || value === null || !Object.hasOwn(value, name)) return undefined;
  return (value as Record<string, unknown>)[name];
}

/** What the elements of a list hold under a name, lists within it included. */
function readEach(list: readonly unknown[], name: string): unknown[] {
  return list.flatMap((item) => {
    const value = Array.isArray(item) ? readEach(item, name) : readOwn(item, name);
    return value === undefined ? [] : value;
  });
}

function unwrap(items: readonly unknown[]): unknown {
  return items.length > 1 ? items : items[0];
}
