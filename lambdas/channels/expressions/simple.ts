import type jsonata from 'jsonata';
import { type Evaluator, evaluationError } from './evaluator.ts';
import { FUNCTIONS } from './functions.ts';
import {
  compared,
  computed,
  isDifferent,
  isEqual,
  isMember,
  isTruthy,
  joined,
  matches,
  OperandError,
  onText,
  TEXT_FUNCTIONS,
} from './operators.ts';
import { type Filter, followPath, type Step } from './path.ts';

/** Reads a value: `context` is where names start, `root` is what `$$` means. */
type Read = (context: unknown, root: unknown) => unknown;

/** Runs a simple expression (see `compileSimple`); undefined for any other. */
export function simpleEvaluator(node: jsonata.ExprNode, text: string): Evaluator | undefined {
  const read = compileSimple(node);
  return (
    read && {
      run: (roots) => {
        try {
          return read(roots, roots);
        } catch (error) {
          throw error instanceof OperandError ? evaluationError(text, error.code) : error;
        }
      },
    }
  );
}

/**
 * An expression made of plain paths, literals, the usual operators and a few functions as a plain function, which costs some
 * property reads; undefined for anything else, which JSONata runs. Both give the same values (a property test holds them
 * together), so an author never has to know which one runs.
 */
export function compileSimple(node: jsonata.ExprNode): Read | undefined {
  switch (node.type as string) {
    case 'string':
    case 'number':
    case 'value': {
      const literal: unknown = node.value;
      return () => literal;
    }
    case 'path':
      return compilePath(node);
    case 'binary':
      return compileBinary(node);
    case 'condition':
      return compileCondition(node);
    case 'function':
      return compileFunction(node);
    case 'block':
      return node.expressions?.length === 1 && node.expressions[0] ? compileSimple(node.expressions[0]) : undefined;
    default:
      return undefined;
  }
}

function compilePath(node: jsonata.ExprNode): Read | undefined {
  const steps: Step[] = [];
  let fromRoot = false;
  if (Object.hasOwn(node, 'group') || Object.hasOwn(node, 'keepSingletonArray')) return undefined;
  for (const [index, step] of (node.steps ?? []).entries()) {
    if (index === 0 && step.type === 'variable' && step.value === '$' && !hasExtras(step)) {
      fromRoot = true;
      continue;
    }
    if (step.type !== 'name' || hasExtras(step)) return undefined;
    const filters: Filter[] = [];
    for (const stage of step.stages ?? []) {
      const filter = compileFilter(stage);
      if (filter === undefined) return undefined;
      filters.push(filter);
    }
    steps.push({ name: String(step.value), filters });
  }
  return (context, root) => followPath(steps, fromRoot ? root : context, root);
}

const PLAIN_STEP_KEYS = new Set(['type', 'value', 'position', 'stages']);

/** True for a step with something that plain reads do not do: `[]`, `@$x`, `#$i`, `%`, sorting, grouping. */
function hasExtras(step: jsonata.ExprNode): boolean {
  return Object.keys(step).some((key) => !PLAIN_STEP_KEYS.has(key));
}

function compileFilter(stage: jsonata.ExprNode): Filter | undefined {
  const expression = (stage as unknown as { expr?: jsonata.ExprNode }).expr;
  if ((stage.type as string) !== 'filter' || expression === undefined) return undefined;
  if (expression.type === 'number' && Number.isInteger(expression.value)) return { index: Number(expression.value) };
  // Only a predicate that is surely a boolean: a number that a path yields would be a position.
  if (expression.type !== 'binary') return undefined;
  const read = compileSimple(expression);
  return read && { test: (context, root) => read(context, root) === true };
}

function compileBinary(node: jsonata.ExprNode): Read | undefined {
  const left = compileSimple(node.lhs as jsonata.ExprNode);
  if (left === undefined || node.rhs === undefined) return undefined;
  if (node.value === 'in') {
    const right = compileMembers(node.rhs);
    return right && ((context, root) => isMember(left(context, root), right(context, root)));
  }
  const right = compileSimple(node.rhs);
  if (right === undefined) return undefined;
  switch (node.value) {
    case '=':
      return (context, root) => isEqual(left(context, root), right(context, root));
    case '!=':
      return (context, root) => isDifferent(left(context, root), right(context, root));
    case 'and':
      return (context, root) => isTruthy(left(context, root)) && isTruthy(right(context, root));
    case 'or':
      return (context, root) => isTruthy(left(context, root)) || isTruthy(right(context, root));
    case '&':
      return (context, root) => joined(left(context, root), right(context, root));
    case '<':
      return (context, root) => compared(left(context, root), right(context, root), (one, other) => one < other);
    case '<=':
      return (context, root) => compared(left(context, root), right(context, root), (one, other) => one <= other);
    case '>':
      return (context, root) => compared(left(context, root), right(context, root), (one, other) => one > other);
    case '>=':
      return (context, root) => compared(left(context, root), right(context, root), (one, other) => one >= other);
    case '+':
      return (context, root) => computed(left(context, root), right(context, root), (one, other) => one + other);
    case '-':
      return (context, root) => computed(left(context, root), right(context, root), (one, other) => one - other);
    default:
      return undefined;
  }
}

function compileMembers(node: jsonata.ExprNode): Read | undefined {
  if (node.type !== 'unary' || node.value !== '[') return compileSimple(node);
  const members = node.expressions ?? [];
  if (!members.every((member) => member.type === 'string' || member.type === 'number')) return undefined;
  const list: unknown[] = members.map((member) => member.value);
  return () => list;
}

function compileCondition(node: jsonata.ExprNode): Read | undefined {
  const parts = node as unknown as { condition: jsonata.ExprNode; then: jsonata.ExprNode; else?: jsonata.ExprNode };
  const condition = compileSimple(parts.condition);
  const then = compileSimple(parts.then);
  const otherwise = parts.else === undefined ? () => undefined : compileSimple(parts.else);
  if (condition === undefined || then === undefined || otherwise === undefined) return undefined;
  return (context, root) => (isTruthy(condition(context, root)) ? then(context, root) : otherwise(context, root));
}

function compileFunction(node: jsonata.ExprNode): Read | undefined {
  const name = String(node.procedure?.value);
  const given = node.arguments ?? [];
  if (node.procedure?.type !== 'variable') return undefined;
  const [first, second, ...others] = given;
  if (first && second && others.length === 0 && Object.hasOwn(TEXT_FUNCTIONS, name)) {
    return compileTextFunction(name, first, second);
  }
  const reads: Read[] = [];
  for (const argument of given) {
    const read = compileSimple(argument);
    if (read === undefined) return undefined;
    reads.push(read);
  }
  if (Object.hasOwn(FUNCTIONS, name)) {
    const run = FUNCTIONS[name] as (...values: unknown[]) => unknown;
    return (context, root) => run(...reads.map((read) => read(context, root)));
  }
  const [read] = reads;
  if (read === undefined || reads.length > 1) return undefined;
  switch (name) {
    case 'exists':
      return (context, root) => read(context, root) !== undefined;
    case 'not':
      return (context, root) => {
        const value = read(context, root);
        return value === undefined ? undefined : !isTruthy(value);
      };
    default:
      return undefined;
  }
}

/** `$contains(path, "text")` and its like, the second argument a literal. */
function compileTextFunction(name: string, text: jsonata.ExprNode, literal: jsonata.ExprNode): Read | undefined {
  const read = compileSimple(text);
  const run = TEXT_FUNCTIONS[name];
  if (read === undefined || run === undefined) return undefined;
  const { value }: { value?: unknown } = literal;
  if (name === 'contains' && (literal.type as string) === 'regex') {
    const { source, flags } = value as { source: string; flags: string };
    const pattern = new RegExp(source, flags);
    return (context, root) => matches(read(context, root), pattern);
  }
  if (literal.type !== 'string' || typeof value !== 'string') return undefined;
  return (context, root) => onText(read(context, root), (whole) => run(whole, value));
}
