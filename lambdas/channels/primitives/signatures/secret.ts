import type { Evaluator } from '../../expressions/evaluator.ts';
import type { Scope } from '../../expressions/scope.ts';
import type { TemplateCompiler } from '../../expressions/template.ts';
import type { SpecPath } from '../../mistakes.ts';

/** A hole that must give a secret of the sender: whatever else it gave, everybody could know. */
export function compileSecret(value: string, path: SpecPath, scope: Scope, compiler: TemplateCompiler): Evaluator {
  if (!/\bsender\.secrets\.\w/.test(value) || !value.includes('{%')) {
    compiler.mistake({ path, message: 'a signature needs a secret as its key: {% sender.secrets.… %}' });
  }
  return compiler.template(value, path, scope);
}
