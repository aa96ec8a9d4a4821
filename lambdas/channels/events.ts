import type { Evaluator } from './expressions/expression.ts';
import type { Roots, Scope, Scopes } from './expressions/scope.ts';
import type { TemplateCompiler } from './expressions/template.ts';
import type { EventGroupSpec } from './inbound.ts';
import type { SpecPath } from './mistakes.ts';

/** An event as the spec's holes gave it, before it is checked; `source` is the part of the payload that it was made from. */
export interface EventDraft {
  type: 'message' | 'status' | 'account';
  values: Record<string, unknown>;
  source: unknown;
}

/**
 * Finds the events of a decoded webhook. Roots: `webhook`, `sender`. Undefined when it holds nothing that the spec knows,
 * which is not the same as known lists that are empty.
 */
export type FindEvents = (roots: Roots) => Promise<EventDraft[] | undefined>;

export function compileEvents(
  groups: readonly EventGroupSpec[],
  path: SpecPath,
  scopes: Scopes,
  compiler: TemplateCompiler,
): FindEvents {
  const compiled = groups.map((group, index) => compileGroup(group, [...path, index], scopes.webhook, compiler));
  return async (roots) => {
    const drafts: EventDraft[] = [];
    let known = false;
    for (const group of compiled) {
      if (await group(roots, drafts)) known = true;
    }
    return known ? drafts : undefined;
  };
}

/** Adds a group's events; true when the payload has what the group is about. */
type RunGroup = (roots: Roots, drafts: EventDraft[]) => Promise<boolean>;

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
  const make = group.type === 'ignore' ? undefined : compileEvent(group, path, scope, compiler);

  const visit = async (depth: number, roots: Roots, source: unknown, drafts: EventDraft[]): Promise<boolean> => {
    const level = lists[depth];
    if (level === undefined) {
      if (when && !(when.isAsync ? await when.run(roots) : when.run(roots))) return lists.length > 0;
      if (make) drafts.push(await make(roots, source));
      return true;
    }
    const found = level.list.isAsync ? await level.list.run(roots) : level.list.run(roots);
    if (found === undefined || found === null) return false;
    const elements = Array.isArray(found) ? found : [found];
    let known = depth === lists.length - 1 || elements.length === 0;
    for (const element of elements) {
      if (await visit(depth + 1, { ...roots, [level.name]: element }, element, drafts)) known = true;
    }
    return known;
  };
  return (roots, drafts) => visit(0, roots, (roots['webhook'] as { body: unknown }).body, drafts);
}

function compileEvent(
  group: Exclude<EventGroupSpec, { type: 'ignore' }>,
  path: SpecPath,
  scope: Scope,
  compiler: TemplateCompiler,
): (roots: Roots, source: unknown) => Promise<EventDraft> {
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

  return async (roots, source) => {
    const values = { ...((common.isAsync ? await common.run(roots) : common.run(roots)) as object) };
    for (const { when, event } of cases) {
      if (when && !(when.isAsync ? await when.run(roots) : when.run(roots))) continue;
      Object.assign(values, event.isAsync ? await event.run(roots) : event.run(roots));
      break;
    }
    return { type: group.type, values, source };
  };
}
