import type { Mistake, SpecPath } from '../mistakes.ts';
import { compileExpression, type Evaluator, ExpressionError } from './expression.ts';
import type { Scope } from './scope.ts';

/** Turns parts of a spec into evaluators and notes every mistake it meets, so that an author sees them all at once. */
export interface TemplateCompiler {
  /**
   * A literal value with `{% … %}` holes, at any depth. A text that is one hole gives the hole's value with its type; a hole
   * inside text is written into it. A hole that yields nothing (or null) leaves out its key, a text around it, and a list or
   * object that had other content but holes that yielded nothing. Without a scope only the syntax is checked.
   */
  template(value: unknown, path: SpecPath, scope: Scope | undefined): Evaluator;
  /** Like `template` for a URL: a hole at the start is the base, any other is percent-encoded as one path segment. */
  url(value: string, path: SpecPath, scope: Scope | undefined): Evaluator;
  mistake(mistake: Mistake): void;
}

const HOLE = /\{%([\s\S]*?)%\}/g;
const WHOLE_HOLE = /^\s*\{%([\s\S]*?)%\}\s*$/;
const NOTHING: Evaluator = { isAsync: false, run: () => undefined };

/** @param mistakes is added to; an evaluator made from something wrong yields nothing. */
export function createTemplateCompiler(mistakes: Mistake[]): TemplateCompiler {
  const expression = (text: string, path: SpecPath, scope: Scope | undefined): Evaluator => {
    try {
      return compileExpression(text, scope);
    } catch (error) {
      if (!(error instanceof ExpressionError)) throw error;
      mistakes.push({ path, message: error.message, expression: { text, offset: error.offset } });
      return NOTHING;
    }
  };

  const text = (
    value: string,
    path: SpecPath,
    scope: Scope | undefined,
    encode: (value: string, index: number) => string,
  ) => {
    const pieces: (string | Evaluator)[] = [];
    let end = 0;
    for (const hole of value.matchAll(HOLE)) {
      if (hole.index > end) pieces.push(value.slice(end, hole.index));
      pieces.push(expression(hole[1] ?? '', path, scope));
      end = hole.index + hole[0].length;
    }
    const rest = value.slice(end);
    if (rest.includes('{%')) mistakes.push({ path, message: 'a hole that "{%" opens is not closed by "%}"' });
    if (rest !== '') pieces.push(rest);
    return joined(pieces, encode);
  };

  const template = (value: unknown, path: SpecPath, scope: Scope | undefined): Evaluator => {
    if (typeof value === 'string') {
      const whole = WHOLE_HOLE.exec(value);
      if (whole && !whole[1]?.includes('{%')) return expression(whole[1] ?? '', path, scope);
      return value.includes('{%') ? text(value, path, scope, asIs) : constant(value);
    }
    if (Array.isArray(value)) {
      const items = value.map((item, index) => template(item, [...path, index], scope));
      return collected(items, (values) => values.filter(isPresent), value.length > 0);
    }
    if (typeof value === 'object' && value !== null) {
      const keys = Object.keys(value);
      const entries = Object.entries(value).map(([key, item]) => template(item, [...path, key], scope));
      return collected(entries, (values) => objectOf(keys, values), keys.length > 0);
    }
    return constant(value);
  };

  return {
    template,
    url: (value, path, scope) =>
      text(value, path, scope, (part, index) => (index === 0 ? part : encodeURIComponent(part))),
    mistake: (mistake) => mistakes.push(mistake),
  };
}

const constants = new WeakMap<Evaluator, unknown>();

function constant(value: unknown): Evaluator {
  const evaluator = { isAsync: false, run: () => value };
  constants.set(evaluator, value);
  return evaluator;
}

/** Children gathered by `gather`; gone when there were children and none is left. Built once when all are constant. */
function collected(
  children: readonly Evaluator[],
  gather: (values: unknown[]) => object,
  hasChildren: boolean,
): Evaluator {
  if (children.every((child) => constants.has(child))) {
    return constant(gather(children.map((child) => constants.get(child))));
  }
  const finish = (values: unknown[]) => (hasChildren && !values.some(isPresent) ? undefined : gather(values));
  if (children.some((child) => child.isAsync)) {
    return {
      isAsync: true,
      run: async (roots) => finish(await Promise.all(children.map((child) => child.run(roots)))),
    };
  }
  return { isAsync: false, run: (roots) => finish(children.map((child) => child.run(roots))) };
}

function joined(pieces: readonly (string | Evaluator)[], encode: (value: string, index: number) => string): Evaluator {
  const write = (values: readonly unknown[]) => {
    if (!values.every(isPresent)) return undefined;
    return values
      .map((value, index) => (typeof pieces[index] === 'string' ? value : encode(asText(value), index)))
      .join('');
  };
  const run = (roots: Parameters<Evaluator['run']>[0]) =>
    pieces.map((piece) => (typeof piece === 'string' ? piece : piece.run(roots)));
  if (pieces.some((piece) => typeof piece !== 'string' && piece.isAsync)) {
    return { isAsync: true, run: async (roots) => write(await Promise.all(run(roots))) };
  }
  return { isAsync: false, run: (roots) => write(run(roots)) };
}

function objectOf(keys: readonly string[], values: readonly unknown[]): Record<string, unknown> {
  const object: Record<string, unknown> = {};
  for (let index = 0; index < keys.length; index++) {
    if (isPresent(values[index])) object[keys[index] as string] = values[index];
  }
  return object;
}

function isPresent(value: unknown): boolean {
  return value !== undefined && value !== null;
}

function asIs(value: string): string {
  return value;
}

function asText(value: unknown): string {
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}
