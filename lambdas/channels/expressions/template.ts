import type { Mistake, SpecPath } from '../mistakes.ts';
import type { Evaluator } from './evaluator.ts';
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
  /** Compiles a part of a spec when it is first asked for; at once where mistakes are looked for, so that all are found. */
  later<Part>(compile: () => Part): () => Part;
  mistake(mistake: Mistake): void;
  /** What was wrong so far. */
  readonly mistakes: readonly Mistake[];
  /** The same compiler, which notes mistakes elsewhere. */
  noting(mistakes: Mistake[]): TemplateCompiler;
}

/** The inside of each hole is its first group. */
export const HOLE = /\{%([\s\S]*?)%\}/g;
const WHOLE_HOLE = /^\s*\{%([\s\S]*?)%\}\s*$/;

/** In what compilers differ. */
export interface CompilerKind extends Pick<TemplateCompiler, 'later'> {
  /** Compiles the inside of one hole; notes in `mistakes` what is wrong with it. */
  hole(text: string, path: SpecPath, scope: Scope | undefined, mistakes: Mistake[]): Evaluator;
}

/** Made by `createTemplateCompiler` (checked.ts) for specs to check, by `createTrustedCompiler` for those that were. */
export function createCompiler(mistakes: Mistake[], kind: CompilerKind): TemplateCompiler {
  const expression = (text: string, path: SpecPath, scope: Scope | undefined) => kind.hole(text, path, scope, mistakes);

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
      return listOf(value.map((item, index) => template(item, [...path, index], scope)));
    }
    if (typeof value === 'object' && value !== null) {
      const entries = Object.entries(value).map(([key, item]) => template(item, [...path, key], scope));
      return objectOf(Object.keys(value), entries);
    }
    return constant(value);
  };

  return {
    template,
    url: (value, path, scope) =>
      text(value, path, scope, (part, index) => (index === 0 ? part : encodeURIComponent(part.toWellFormed()))),
    later: kind.later,
    mistakes,
    mistake: (mistake) => mistakes.push(mistake),
    noting: (others) => createCompiler(others, kind),
  };
}

const constants = new WeakMap<Evaluator, unknown>();

function constant(value: unknown): Evaluator {
  const evaluator = { run: () => value };
  constants.set(evaluator, value);
  return evaluator;
}

/** A list of what its items yield; gone when it had items and none is left. Made once when all are constant. */
function listOf(items: readonly Evaluator[]): Evaluator {
  return gathered(items, (values) => {
    const present = values.filter(isPresent);
    return present.length === 0 && items.length > 0 ? undefined : present;
  });
}

/** An object of what its keys yield; gone when it had keys and none is left. */
function objectOf(keys: readonly string[], entries: readonly Evaluator[]): Evaluator {
  const gather = (values: readonly unknown[]) => {
    const object: Record<string, unknown> = {};
    let isEmpty = keys.length > 0;
    for (let index = 0; index < values.length; index++) {
      const value = values[index];
      if (!isPresent(value)) continue;
      object[keys[index] as string] = value;
      isEmpty = false;
    }
    return isEmpty ? undefined : object;
  };
  return gathered(entries, gather);
}

function gathered(children: readonly Evaluator[], gather: (values: readonly unknown[]) => unknown): Evaluator {
  if (children.every((child) => constants.has(child))) {
    return constant(gather(children.map((child) => constants.get(child))));
  }
  return {
    run: (roots) => {
      const values = new Array<unknown>(children.length);
      let isWaiting = false;
      for (let index = 0; index < children.length; index++) {
        const value = (children[index] as Evaluator).run(roots);
        if (value instanceof Promise) isWaiting = true;
        values[index] = value;
      }
      return isWaiting ? Promise.all(values).then(gather) : gather(values);
    },
  };
}

/** A text with holes in it; gone when one of them yields nothing. */
function joined(pieces: readonly (string | Evaluator)[], encode: (value: string, index: number) => string): Evaluator {
  const write = (values: readonly unknown[]) => {
    let text = '';
    for (let index = 0; index < pieces.length; index++) {
      const value = values[index];
      if (!isPresent(value)) return undefined;
      text += typeof pieces[index] === 'string' ? value : encode(asText(value), index);
    }
    return text;
  };
  return gathered(
    pieces.map((piece) => (typeof piece === 'string' ? constant(piece) : piece)),
    write,
  );
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
