import jsonata from 'jsonata';
import { unknownNames } from './names.ts';
import type { Roots, Scope } from './scope.ts';
import { compileSimple } from './simple.ts';

/** Something compiled. `run` gives a promise only where `isAsync` says so. */
export interface Evaluator {
  readonly isAsync: boolean;
  run(roots: Roots): unknown;
}

/** An expression that cannot be compiled; `offset` is where in its text. */
export class ExpressionError extends Error {
  readonly offset: number;

  constructor(message: string, offset: number) {
    super(message);
    this.name = 'ExpressionError';
    this.offset = offset;
  }
}

/** An expression that failed on the values it was given. Names the expression only: JSONata's own messages quote values. */
export class EvaluationError extends Error {}

/**
 * Compiles the inside of a `{% … %}` hole. A plain path becomes property reads and runs at once; only a real expression
 * runs JSONata, whose every evaluation is asynchronous.
 *
 * Besides JSONata's own functions there is `$values(x)`: the values of an object in key order, or the elements of a list.
 * @param scope the names it may use; undefined to check the syntax only
 * @throws ExpressionError for a syntax error, or a name that `scope` does not have
 */
export function compileExpression(text: string, scope: Scope | undefined): Evaluator {
  // Parsing with JSONata is most of what compiling a spec costs, and most holes are plain paths.
  const expression = PLAIN_PATH.test(text) && !LITERAL_WORD.test(text) ? undefined : parse(text);
  const node = expression?.ast() ?? plainPath(text);
  const unknown = scope && unknownNames(node, scope)[0];
  if (unknown !== undefined) throw new ExpressionError(unknown.message, unknown.offset);

  const read = compileSimple(node);
  if (read !== undefined || expression === undefined) return { isAsync: false, run: (roots) => read?.(roots, roots) };
  expression.registerFunction('values', valuesOf, '<x-:a>');
  const fail = (error: { code?: string }) => {
    throw new EvaluationError(
      `the expression "${text.trim()}" failed on this input (JSONata ${error.code ?? 'error'})`,
    );
  };
  return { isAsync: true, run: (roots) => expression.evaluate(roots).catch(fail) };
}

const PLAIN_PATH = /^\s*[A-Za-z_]\w*(?:\.[A-Za-z_]\w*|\[\d+\])*\s*$/;
const LITERAL_WORD = /\b(?:true|false|null|and|or|in)\b/;

/** The tree that JSONata makes of a plain path: names, each with the positions that follow it. */
function plainPath(text: string): jsonata.ExprNode {
  const steps: jsonata.ExprNode[] = [];
  for (const { 0: token, 1: name, 2: index, index: at } of text.matchAll(/(\w+)(?!\w*\])|\[(\d+)\]/g)) {
    const position = at + token.length;
    if (name !== undefined) steps.push({ type: 'name', value: name, position });
    else {
      const last = steps[steps.length - 1] as { stages?: object[] };
      last.stages ??= [];
      last.stages.push({ type: 'filter', expr: { type: 'number', value: Number(index) } });
    }
  }
  return { type: 'path', steps } as unknown as jsonata.ExprNode;
}

function parse(text: string): jsonata.Expression {
  try {
    return jsonata(text);
  } catch (error) {
    const { message, position } = error as jsonata.JsonataError;
    throw new ExpressionError(`not JSONata: ${message}`, Math.max(0, (position ?? 1) - 1));
  }
}

function valuesOf(value: unknown): unknown[] {
  if (value === undefined || value === null) return [];
  return Array.isArray(value) ? value : Object.values(value);
}
