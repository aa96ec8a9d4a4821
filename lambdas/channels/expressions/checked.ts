import type { Mistake } from '../mistakes.ts';
import { type Evaluator, ExpressionError } from './evaluator.ts';
import { compileExpression } from './expression.ts';
import { createCompiler, type TemplateCompiler } from './template.ts';

const NOTHING: Evaluator = { run: () => undefined };

/**
 * Compiles and checks every part of a spec and every hole, for specs as their authors write them.
 * @param mistakes is added to; an evaluator made from something wrong yields nothing
 */
export function createTemplateCompiler(mistakes: Mistake[]): TemplateCompiler {
  return createCompiler(mistakes, {
    later: (compile) => {
      const part = compile();
      return () => part;
    },
    hole: (text, path, scope, found) => {
      try {
        return compileExpression(text, scope);
      } catch (error) {
        if (!(error instanceof ExpressionError)) throw error;
        found.push({ path, message: error.message, expression: { text, offset: error.offset } });
        return NOTHING;
      }
    },
  });
}
