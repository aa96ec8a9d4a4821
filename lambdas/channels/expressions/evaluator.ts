import type { Roots } from './scope.ts';

/** Something compiled. `run` gives a promise only for what must be waited for: a real JSONata expression. */
export interface Evaluator {
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

/** @param code JSONata's, for what is wrong */
export function evaluationError(text: string, code = 'error'): EvaluationError {
  return new EvaluationError(`the expression "${text.trim()}" failed on this input (JSONata ${code})`);
}
