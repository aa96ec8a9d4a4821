import { type Document, isMap, isScalar, type Pair } from 'yaml';
import type { z } from 'zod';
import { didYouMean, type Mistake, type SpecPath } from './mistakes.ts';

/*
 * From what zod and the compiler find to what an author reads: a sentence, and the place in the file.
 */

/** One or more mistakes, in words: zod puts all the unknown keys of an object in one issue. */
export function mistakesOfIssue(issue: z.core.$ZodIssue, schema: z.ZodType, root: unknown): Mistake[] {
  const path = issue.path.map((key) => (typeof key === 'symbol' ? String(key) : key));
  if (issue.code === 'unrecognized_keys') {
    const known = keysAt(schema, path, root);
    return issue.keys.map((key) => ({
      path: [...path, key],
      atKey: true,
      message: `unknown key${didYouMean(key, known) || `; known are ${known.join(', ')}`}`,
    }));
  }
  const value = valueAt(root, path);
  if (value === undefined) return [{ path, message: 'is missing' }];
  if (issue.code === 'invalid_union' || issue.code === 'invalid_value') {
    const allowed = allowedValues(schema, path, root);
    if (allowed.length > 0) {
      const said = typeof value === 'string' ? value : JSON.stringify(value);
      return [{ path, message: `"${said}" is none of ${allowed.join(', ')}${didYouMean(said, allowed)}` }];
    }
  }
  return [{ path, message: issue.message.replace(/^Invalid input: /, '') }];
}

/** The value less its unknown keys. */
export function withoutUnknownKeys(value: unknown, issues: readonly z.core.$ZodIssue[]): unknown {
  const copy: unknown = structuredClone(value);
  for (const issue of issues) {
    if (issue.code !== 'unrecognized_keys') continue;
    const holder = valueAt(copy, issue.path as (string | number)[]) as Record<string, unknown>;
    for (const key of issue.keys) delete holder[key];
  }
  return copy;
}

/**
 * Where a mistake stands, as an offset in the source: the key, the value, the place in the expression; for what is
 * missing, the innermost part that should hold it.
 */
export function offsetOf(document: Document, source: string, mistake: Mistake): number {
  const { path, atKey, expression } = mistake;
  const pair = atKey ? pairAt(document, path) : undefined;
  if (isScalar(pair?.key)) return pair.key.range?.[0] ?? 0;
  const node = document.getIn(path, true);
  const range = (node as { range?: [number, number, number] } | undefined)?.range;
  if (range) {
    const inside = expression === undefined ? -1 : source.slice(range[0], range[1]).indexOf(expression.text);
    return inside < 0 ? range[0] : range[0] + inside + (expression?.offset ?? 0);
  }
  const parent = path.length === 0 ? undefined : pairAt(document, path.slice(0, -1));
  if (isScalar(parent?.key)) return parent.key.range?.[0] ?? 0;
  return path.length === 0 ? 0 : offsetOf(document, source, { path: path.slice(0, -1), message: '' });
}

function pairAt(document: Document, path: SpecPath): Pair | undefined {
  const parent = document.getIn(path.slice(0, -1), true);
  if (!isMap(parent)) return undefined;
  return parent.items.find((item) => isScalar(item.key) && String(item.key.value) === String(path.at(-1)));
}

function valueAt(root: unknown, path: SpecPath): unknown {
  let value = root;
  for (const key of path) {
    if (typeof value !== 'object' || value === null) return undefined;
    value = (value as Record<string | number, unknown>)[key];
  }
  return value;
}

/** The schemas that a place may follow. Where there is a choice, the one that the value's own discriminator picks, else all. */
function schemasAt(schema: z.ZodType, path: SpecPath, value: unknown): z.ZodType[] {
  const { def } = schema as unknown as { def: Definition };
  switch (def.type) {
    case 'optional':
    case 'default':
    case 'nullable':
    case 'prefault':
      return def.innerType ? schemasAt(def.innerType, path, value) : [];
    case 'union': {
      const options = def.options ?? [];
      const { discriminator } = def;
      const chosen =
        discriminator === undefined ? [] : options.filter((option) => isChosen(option, discriminator, value));
      return (chosen.length > 0 ? chosen : options).flatMap((option) => schemasAt(option, path, value));
    }
    default: {
      const [key, ...rest] = path;
      if (key === undefined) return [schema];
      const next = def.type === 'object' ? def.shape?.[key] : def.type === 'array' ? def.element : def.valueType;
      return next ? schemasAt(next, rest, valueAt(value, [key])) : [];
    }
  }
}

/** The parts of zod's own description of a schema that this file reads. */
interface Definition {
  type: string;
  innerType?: z.ZodType;
  options?: z.ZodType[];
  discriminator?: string;
  shape?: Record<string | number, z.ZodType>;
  element?: z.ZodType;
  valueType?: z.ZodType;
  entries?: Record<string, string>;
  values?: unknown[];
}

function isChosen(option: z.ZodType, discriminator: string, value: unknown): boolean {
  const shape = (option as unknown as { def: Definition }).def.shape;
  return shape?.[discriminator]?.safeParse(valueAt(value, [discriminator])).success ?? false;
}

function keysAt(schema: z.ZodType, path: SpecPath, root: unknown): string[] {
  const shapes = schemasAt(schema, path, root).map(
    (found) => (found as unknown as { def: Definition }).def.shape ?? {},
  );
  return [...new Set(shapes.flatMap((shape) => Object.keys(shape)))];
}

function allowedValues(schema: z.ZodType, path: SpecPath, root: unknown): string[] {
  const found = schemasAt(schema, path, root).flatMap((candidate) => {
    const { def } = candidate as unknown as { def: Definition };
    return def.type === 'enum' ? Object.values(def.entries ?? {}) : def.type === 'literal' ? (def.values ?? []) : [];
  });
  return [...new Set(found.map(String))];
}
