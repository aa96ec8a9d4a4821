import jsonata from 'jsonata';
import { EvaluationError, type Evaluator, ExpressionError } from './evaluator.ts';
import { FUNCTIONS } from './functions.ts';
import { unknownNames } from './names.ts';
import { OperandError } from './operators.ts';
import { plainPath } from './plain-path.ts';
import type { Scope } from './scope.ts';
import { compileSimple } from './simple.ts';

/**
 * Compiles the inside of a `{% … %}` hole. A plain path becomes property reads and runs at once, and so do the usual
 * operators; only a real expression runs JSONata, whose every evaluation is asynchronous.
 *
 * Besides JSONata's own functions there are those of `functions.ts`.
 * @param scope the names it may use; undefined to check the syntax only
 * @throws ExpressionError for a syntax error, or a name that `scope` does not have
 */
export function compileExpression(text: string, scope: Scope | undefined): Evaluator {
  const plain = plainPath(text);
  const expression = plain ? undefined : parse(text);
  const node = plain ?? (expression?.ast() as jsonata.ExprNode);
  const unknown = scope && unknownNames(node, scope)[0];
  if (unknown !== undefined) throw new ExpressionError(unknown.message, unknown.offset);

  const fail = (error: { code?: string }): never => {
    throw new EvaluationError(
      `the expression "${text.trim()}" failed on this input (JSONata ${error.code ?? 'error'})`,
    );
  };
  const read = compileSimple(node);
  if (read !== undefined) {
    return {
      run: (roots) => {
        try {
          return read(roots, roots);
        } catch (error) {
          if (error instanceof OperandError) return fail(error);
          throw error;
        }
      },
    };
  }
  for (const [name, run] of Object.entries(FUNCTIONS)) expression?.registerFunction(name, run);
  return { run: (roots) => expression?.evaluate(roots).catch(fail) };
}

function parse(text: string): jsonata.Expression {
  try {
    return jsonata(text);
  } catch (error) {
    const { message, position } = error as jsonata.JsonataError;
    throw new ExpressionError(`not JSONata: ${message}`, Math.max(0, (position ?? 1) - 1));
  }
}
