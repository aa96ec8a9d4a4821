import jsonata from 'jsonata';
import { type Evaluator, ExpressionError, evaluationError } from './evaluator.ts';
import { FUNCTIONS } from './functions.ts';
import { unknownNames } from './names.ts';
import type { Scope } from './scope.ts';
import { simpleEvaluator } from './simple.ts';

/**
 * Compiles the inside of a `{% … %}` hole. A plain path becomes property reads and runs at once, and so do the usual
 * operators; only a real expression runs JSONata, whose every evaluation is asynchronous.
 *
 * Besides JSONata's own functions there are those of `functions.ts`.
 * @param scope the names it may use; undefined to check the syntax only
 * @throws ExpressionError for a syntax error, or a name that `scope` does not have
 */
export function compileExpression(text: string, scope: Scope | undefined): Evaluator {
  const expression = parse(text);
  const node = expression.ast();
  const unknown = scope && unknownNames(node, scope)[0];
  if (unknown !== undefined) throw new ExpressionError(unknown.message, unknown.offset);

  const simple = simpleEvaluator(node, text);
  if (simple !== undefined) return simple;
  return {
    run: (roots) =>
      expression.evaluate(roots).catch((error: { code?: string }) => {
        throw evaluationError(text, error.code);
      }),
  };
}

/** What was parsed already: specs say the same in many places, and there are only as many texts as their authors wrote. */
const parsed = new Map<string, jsonata.Expression>();

/** @throws ExpressionError for a syntax error */
export function parse(text: string): jsonata.Expression {
  const known = parsed.get(text);
  if (known !== undefined) return known;
  try {
    const expression = jsonata(text);
    for (const [name, run] of Object.entries(FUNCTIONS)) expression.registerFunction(name, run);
    parsed.set(text, expression);
    return expression;
  } catch (error) {
    const { message, position } = error as jsonata.JsonataError;
    throw new ExpressionError(`not JSONata: ${message}`, Math.max(0, (position ?? 1) - 1));
  }
}
