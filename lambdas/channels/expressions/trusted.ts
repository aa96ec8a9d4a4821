import type { Evaluator } from './evaluator.ts';
import { plainPath } from './plain-path.ts';
import { compileSimple } from './simple.ts';
import { createCompiler, type TemplateCompiler } from './template.ts';

/**
 * Compiles specs that were checked when they were deployed. A hole that is more than a plain path is compiled when it is first
 * asked, and JSONata is loaded with the first of them: most functions need few of the holes, and a cold start none.
 */
export function createTrustedCompiler(): TemplateCompiler {
  return createCompiler([], (text) => {
    const plain = plainPath(text);
    const read = plain && compileSimple(plain);
    return read ? { run: (roots) => read(roots, roots) } : onFirstUse(text);
  });
}

function onFirstUse(text: string): Evaluator {
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
