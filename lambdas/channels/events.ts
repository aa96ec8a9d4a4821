import type { Evaluator } from './expressions/evaluator.ts';
import type { Roots, Scope } from './expressions/scope.ts';
import { andThen, type MaybePromise } from './expressions/settled.ts';
import type { TemplateCompiler } from './expressions/template.ts';
import type { EventGroupSpec } from './inbound.ts';
import type { SpecPath } from './mistakes.ts';

/** An event as the spec's holes gave it, before it is checked; `source` is the part of the payload that it was made from. */
export interface EventDraft {
  type: 'message' | 'status' | 'deletion' | 'account';
  values: Record<string, unknown>;
  source: unknown;
}

/**
 * Finds the events of a decoded webhook. Roots: `webhook`, `sender`, `payload`. Undefined when it holds nothing that the spec knows,
 * which is not the same as known lists that are empty.
 */
export type FindEvents = (roots: Roots) => Promise<EventDraft[] | undefined>;

export function compileEvents(
  groups: readonly EventGroupSpec[],
  path: SpecPath,
  scope: Scope,
  compiler: TemplateCompiler,
): FindEvents {
  const compiled = groups.map((group, index) => compileGroup(group, [...path, index], scope, compiler));
  return async (roots) => {
    const drafts: EventDraft[] = [];
    let isKnown = false;
    for (const group of compiled) {
      const found = group(roots, drafts);
      if (found instanceof Promise ? await found : found) isKnown = true;
    }
    return isKnown ? drafts : undefined;
  };
}

/** Adds a group's events; true when the payload has what the group is about. */
type RunGroup = (roots: Roots, drafts: EventDraft[]) => MaybePromise<boolean>;

function compileGroup(group: EventGroupSpec, path: SpecPath, base: Scope, compiler: TemplateCompiler): RunGroup {
  const lists: { name: string; list: Evaluator }[] = [];
  let scope: Scope = base;
  for (const [name, list] of Object.entries(group.each ?? {})) {
    if (Object.hasOwn(scope, name)) {
      compiler.mistake({
        path: [...path, 'each', name],
        atKey: true,
        message: `"${name}" is taken; choose another name`,
      });
    }
    lists.push({ name, list: compiler.template(list, [...path, 'each', name], scope) });
    scope = { ...scope, [name]: true };
  }
  const when = group.when === undefined ? undefined : compiler.template(group.when, [...path, 'when'], scope);
  const make = group.type === 'ignore' ? undefined : compiler.later(() => compileEvent(group, path, scope, compiler));

  // `roots` is the group's own, and the element at hand is written in it: one is done with before the next.
  const visit = (depth: number, roots: Record<string, unknown>, source: unknown, drafts: EventDraft[]) => {
    const level = lists[depth];
    if (level === undefined) {
      return andThen(when === undefined || when.run(roots), (holds): MaybePromise<boolean> => {
        if (!holds) return lists.length > 0;
        if (make === undefined) return true;
        return andThen(make()(roots, source), (draft) => drafts.push(draft) > 0);
      });
    }
    const visitFrom = (elements: readonly unknown[], first: number, isKnown: boolean): MaybePromise<boolean> => {
      let known = isKnown;
      for (let index = first; index < elements.length; index++) {
        roots[level.name] = elements[index];
        const found: MaybePromise<boolean> = visit(depth + 1, roots, elements[index], drafts);
        if (found instanceof Promise) return found.then((one) => visitFrom(elements, index + 1, known || one));
        if (found) known = true;
      }
      return known;
    };
    return andThen(level.list.run(roots), (found): MaybePromise<boolean> => {
      if (found === undefined || found === null) return false;
      const elements = Array.isArray(found) ? found : [found];
      return visitFrom(elements, 0, depth === lists.length - 1 || elements.length === 0);
    });
  };
  return (roots, drafts) => visit(0, { ...roots }, roots['payload'], drafts);
}

function compileEvent(
  group: Exclude<EventGroupSpec, { type: 'ignore' }>,
  path: SpecPath,
  scope: Scope,
  compiler: TemplateCompiler,
): (roots: Roots, source: unknown) => MaybePromise<EventDraft> {
  const common = compiler.template(group.event, [...path, 'event'], scope);
  const cases = (group.cases ?? []).map((item, index) => {
    const casePath = [...path, 'cases', index];
    if (item.when === undefined && index < (group.cases ?? []).length - 1) {
      compiler.mistake({ path: casePath, message: 'the cases after it are never reached: it has no "when"' });
    }
    return {
      when: item.when === undefined ? undefined : compiler.template(item.when, [...casePath, 'when'], scope),
      event: compiler.template(item.event, [...casePath, 'event'], scope),
    };
  });

  const firstThatHolds = (roots: Roots, from: number): MaybePromise<unknown> => {
    for (let index = from; index < cases.length; index++) {
      const { when, event } = cases[index] as (typeof cases)[number];
      const holds = when === undefined || when.run(roots);
      if (holds instanceof Promise) {
        return holds.then((yes) => (yes ? event.run(roots) : firstThatHolds(roots, index + 1)));
      }
      if (holds) return event.run(roots);
    }
    return undefined;
  };
  return (roots, source) =>
    andThen(common.run(roots), (shared) =>
      andThen(firstThatHolds(roots, 0), (own) => ({
        type: group.type,
        values: { ...(shared as object), ...(own as object) },
        source,
      })),
    );
}
