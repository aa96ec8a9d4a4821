import { isDeepStrictEqual } from 'node:util';
import type jsonata from 'jsonata';
import { type Filter, followPath, type Step } from './path.ts';

/** Reads a value: `context` is where names start, `root` is what `$$` means. */
type Read = (context: unknown, root: unknown) => unknown;

/**
 * An expression made of plain paths, literals, comparisons, `and`, `or`, `in`, `?:`, `$exists` and `$not` as a plain function, which
 * costs a few property reads; undefined for anything else, which JSONata runs. Both give the same values (a property test
 * holds them together), so an author never has to know which one runs.
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
  const [argument, ...others] = node.arguments ?? [];
  if (argument === undefined || others.length > 0) return undefined;
  const read = compileSimple(argument);
  if (read === undefined) return undefined;
  switch (node.procedure?.value) {
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

/** In JSONata nothing equals, and nothing differs from, a missing value. */
function isEqual(left: unknown, right: unknown): boolean {
  return left !== undefined && right !== undefined && isDeepStrictEqual(left, right);
}

function isDifferent(left: unknown, right: unknown): boolean {
  return left !== undefined && right !== undefined && !isDeepStrictEqual(left, right);
}

function isMember(value: unknown, list: unknown): boolean {
  if (value === undefined || list === undefined) return false;
  return (Array.isArray(list) ? list : [list]).includes(value);
}

/** JSONata's `$boolean`: empty texts, lists and objects, 0 and null are false; a list is true if a member is. */
function isTruthy(value: unknown): boolean {
  if (Array.isArray(value)) return value.some(isTruthy);
  if (typeof value === 'object' && value !== null) return Object.keys(value).length > 0;
  return Boolean(value);
}
