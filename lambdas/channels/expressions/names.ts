import type jsonata from 'jsonata';
import { didYouMean } from '../mistakes.ts';
import type { Scope, Shape } from './scope.ts';

/** A name in an expression that means nothing there; `offset` is where it stands in the expression. */
export interface UnknownName {
  message: string;
  offset: number;
}

/**
 * The names of an expression that its scope does not have. Only names read from the top are checked: inside a predicate
 * or after a `.` JSONata reads names from the value at hand, whose keys a provider decides.
 */
export function unknownNames(node: jsonata.ExprNode, scope: Scope): UnknownName[] {
  if ((node.type as string) === 'path') return unknownInPath(node.steps ?? [], scope);
  return childrenOf(node).flatMap((child) => unknownNames(child, scope));
}

function unknownInPath(steps: readonly jsonata.ExprNode[], scope: Scope): UnknownName[] {
  const [first, ...rest] = steps;
  if (first === undefined) return [];
  const isRootVariable = first.type === 'variable' && first.value === '$';
  if (!isRootVariable && first.type !== 'name') return unknownNames(first, scope);

  let shape: Shape = scope;
  let read = '';
  for (const step of isRootVariable ? rest : steps) {
    if (shape === true || step.type !== 'name') return [];
    const name = String(step.value);
    const next: Shape | undefined = Object.hasOwn(shape, name) ? shape[name] : undefined;
    if (next === undefined) {
      const known = Object.keys(shape);
      const has = known.length === 0 ? 'nothing is declared there' : `there is ${known.join(', ')}`;
      const message = `${read === '' ? `nothing is called "${name}" here` : `${read} has no "${name}"`}; ${has}${didYouMean(name, known)}`;
      return [{ message, offset: Math.max(0, (step.position ?? 0) - name.length) }];
    }
    read = read === '' ? name : `${read}.${name}`;
    shape = next;
  }
  return [];
}

/** The parts of a node that are evaluated with the same names in view as the node itself. */
function childrenOf(node: jsonata.ExprNode): jsonata.ExprNode[] {
  const { condition, then, else: otherwise, body, expression } = node as unknown as Record<string, unknown>;
  return [
    node.lhs,
    node.rhs,
    node.arguments,
    node.expressions,
    node.procedure,
    condition,
    then,
    otherwise,
    body,
    expression,
  ]
    .flat(3)
    .filter((child): child is jsonata.ExprNode => typeof child === 'object' && child !== null && 'type' in child);
}
