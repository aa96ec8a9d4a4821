import type { Evaluator } from './evaluator.ts';
import { simpleEvaluator } from './simple.ts';
import type { Syntax } from './syntax.ts';
import { createCompiler, type TemplateCompiler } from './template.ts';

/**
 * Compiles specs that were checked when they were deployed, each part when it is first asked for. What more than a simple
 * expression is in it waits for its first run, and JSONata is loaded with the first of them: a cold start needs few or none.
 * @param syntax the trees of the simple expressions
 */
export function createTrustedCompiler(syntax: Syntax): TemplateCompiler {
  return createCompiler([], {
    later: once,
    hole: (text) => {
      const tree = Object.hasOwn(syntax, text) ? syntax[text] : undefined;
      return (tree && simpleEvaluator(tree, text)) ?? onFirstRun(text);
    },
  });
}

function once<Value>(make: () => Value): () => Value {
  let made: { value: Value } | undefined;
  return () => {
    made ??= { value: make() };
    return made.value;
  };
}

function onFirstRun(text: string): Evaluator {
  let compiled: Evaluator | undefined;
  return {
    run: (roots) => {
      if (compiled) return compiled.run(roots);
      return import('./expression.ts').then(({ compileExpression }) => {
        compiled ??= compileExpression(text, undefined);
        return compiled.run(roots);
      });
    },
  };
}
