import type jsonata from 'jsonata';
import { parse } from './expression.ts';
import { compileSimple } from './simple.ts';
import { HOLE } from './template.ts';

/** What JSONata makes of the simple expressions of a spec, by their text, as plain data. */
export type Syntax = Readonly<Record<string, jsonata.ExprNode>>;

/**
 * The syntax trees of the holes in a value that a deployed function then need not parse: those that run without JSONata.
 * @param value a part of a spec that was checked
 */
export function syntaxOf(value: unknown): Syntax {
  const trees = new Map<string, jsonata.ExprNode>();
  for (const text of textsOf(value)) {
    for (const [, hole = ''] of text.matchAll(HOLE)) {
      const tree = parse(hole).ast();
      if (compileSimple(tree) !== undefined) trees.set(hole, tree);
    }
  }
  return JSON.parse(JSON.stringify(Object.fromEntries(trees), asData)) as Syntax;
}

function textsOf(value: unknown): string[] {
  if (typeof value === 'string') return [value];
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(textsOf) : [];
}

/** Positions are only for mistakes; `simple.ts` reads a pattern in either form. */
function asData(key: string, value: unknown): unknown {
  if (key === 'position') return undefined;
  return value instanceof RegExp ? { source: value.source, flags: value.flags } : value;
}
