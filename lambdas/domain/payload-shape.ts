/** What stands in a shape for a value: its type and size, or the shapes of its parts. */
export type Shape = string | Shape[] | { [key: string]: Shape };

const MAX_DEPTH = 8;
const MAX_KEYS = 50;

/** A key that a program chose; what people write as one (a name, a number) is not shown. */
const isName = (key: string): boolean => /^[A-Za-z_][\w.-]{0,39}$/.test(key) && !/\d{4}/.test(key);

/**
 * The shape of data that nobody may see: the names of its keys, and for each value its type and size, never the value.
 * A list is shown by its first item: `["text (5)", "and 2 more"]`.
 */
export function shapeOf(value: unknown, depth = 0): Shape {
  if (typeof value === 'string') return `text (${value.length})`;
  if (typeof value !== 'object' || value === null) return value === null ? 'null' : typeof value;
  if (depth >= MAX_DEPTH) return Array.isArray(value) ? 'list' : 'object';
  if (Array.isArray(value)) {
    if (value.length === 0) return [];
    const first = shapeOf(value[0], depth + 1);
    return value.length === 1 ? [first] : [first, `and ${value.length - 1} more`];
  }
  const entries = Object.entries(value);
  const named = entries.filter(([key]) => isName(key)).slice(0, MAX_KEYS);
  const shape: Record<string, Shape> = Object.fromEntries(named.map(([key, item]) => [key, shapeOf(item, depth + 1)]));
  const hidden = entries.length - named.length;
  return hidden === 0 ? shape : { ...shape, '…': `${hidden} more` };
}

/** The shape of a text that should be JSON; of any other text, how long it is. */
export function shapeOfText(text: string): Shape {
  try {
    return shapeOf(JSON.parse(text));
  } catch {
    return shapeOf(text);
  }
}
