import * as z from 'zod';
import type { Evaluator } from './expressions/evaluator.ts';
import type { Roots, Scopes } from './expressions/scope.ts';
import type { MaybePromise } from './expressions/settled.ts';
import type { TemplateCompiler } from './expressions/template.ts';
import { type BuildRequest, compileRequest, encodingSchema, type RequestSpec, requestShape } from './http/request.ts';
import type { Mistake, SpecPath } from './mistakes.ts';
import { type MediaItem, type MessageKind, messageKindSchema } from './parts.ts';
import { isOfContentType } from './primitives/content-type.ts';
import { type CompiledStep, checkFiles, compileSteps, stepSchema } from './steps.ts';

const caseSchema = z
  .strictObject({
    kind: messageKindSchema,
    when: z.string().optional().describe('A condition besides the kind. Names: `message`, `text`, `media`, `sender`'),
    contentTypes: z
      .array(z.string())
      .min(1)
      .optional()
      .describe(
        'For `media`: the content types that it takes, `image/*` for all of a family; all if not given. For `actions`: those of a ' +
          "media item that goes with the buttons, which is the message's last; such a case is for messages with one",
      ),
    text: z
      .strictObject({ max: z.int().positive().describe('The longest text, counted as `limits.text` counts') })
      .optional()
      .describe(
        "For `media` and `actions`: the message's text can go with it, up to this length; what cannot is sent as text",
      ),
    steps: z
      .array(stepSchema)
      .min(1)
      .optional()
      .describe('Requests made before the own one, in order: an upload that gives an id. Read as `steps.<name>`'),
    ...z.strictObject(requestShape).partial().shape,
  })
  .describe(
    'How one kind of message is sent. Its request keys are laid over those of `outbound.request`, object by object',
  );
type CaseSpec = z.infer<typeof caseSchema>;

const inDoubtSchema = z.enum(['resend', 'give-up']);

export const outboundSchema = z
  .strictObject({
    inDoubt: z
      .union([
        inDoubtSchema,
        z.strictObject({
          wait: z
            .int()
            .positive()
            .max(600)
            .describe(
              'Seconds in which a status of the message may tell that it did; only where our SID travels with it',
            ),
          // biome-ignore lint/suspicious/noThenProperty: as people say it; nobody awaits a spec.
          then: inDoubtSchema.describe('What to do when none came'),
        }),
      ])
      .describe(
        'When it is not known whether a request reached the provider: `resend` (perhaps twice), or `give-up`; at once, or after ' +
          'a wait',
      ),
    validityPeriod: z
      .int()
      .min(1)
      .max(36_000)
      .default(36_000)
      .describe('Seconds a message may wait to be sent when the customer sets no `ValidityPeriod`'),
    request: z.strictObject(requestShape).partial().default({}).describe('What all cases have in common'),
    cases: z
      .array(caseSchema)
      .min(1)
      .describe('How each kind is sent; of those for a kind the first that fits. A kind without a case is refused'),
    answer: z
      .strictObject({
        encoding: encodingSchema.default('json'),
        id: z
          .string()
          .optional()
          .describe(
            "Where an answer has the provider's message id. An answer without it is not a success; leave out where there is none. " +
              'Names: `answer`, `message`, `part`: where the id is ours, `{% $uuid(message.sid, part.index) %}`',
          ),
      })
      .default({ encoding: 'json' })
      .describe('How an answer is read'),
  })
  .describe('How messages are sent');
export type OutboundSpec = z.infer<typeof outboundSchema>;

/** A case of the spec, ready to be asked and to build its request. */
export interface OutboundCase {
  kind: MessageKind;
  contentTypes: readonly string[] | undefined;
  maxText: number | undefined;
  when: Evaluator | undefined;
  requests(): { steps: readonly CompiledStep[]; build: BuildRequest };
}

export function compileOutbound(
  spec: OutboundSpec,
  path: SpecPath,
  scopes: Scopes,
  compiler: TemplateCompiler,
): OutboundCase[] {
  findUnreachable(spec.cases, path, compiler);
  const reported = new Set<string>();
  return spec.cases.map((caseSpec, index) => {
    const casePath = [...path, 'cases', index];
    const mistakes: Mistake[] = [];
    const compiled = compileCase(spec, caseSpec, casePath, scopes, compiler.noting(mistakes));
    for (const mistake of mistakes) {
      // What all cases have in common is compiled with each of them, and reported once, where it stands.
      const inCase = mistake.path.slice(casePath.length);
      const shared = inCase.length > 0 && !hasPath(caseSpec, inCase);
      const placed = shared ? { ...mistake, path: [...path, 'request', ...inCase] } : mistake;
      const key = JSON.stringify([placed.path, placed.message]);
      if (!reported.has(key)) compiler.mistake(placed);
      reported.add(key);
    }
    return compiled;
  });
}

function compileCase(
  spec: OutboundSpec,
  caseSpec: CaseSpec,
  casePath: SpecPath,
  scopes: Scopes,
  compiler: TemplateCompiler,
): OutboundCase {
  return {
    kind: caseSpec.kind,
    contentTypes: caseSpec.contentTypes,
    maxText: caseSpec.text?.max,
    when:
      caseSpec.when === undefined ? undefined : compiler.template(caseSpec.when, [...casePath, 'when'], scopes.when),
    requests: compiler.later(() => compileRequests(spec, caseSpec, casePath, scopes, compiler)),
  };
}

function compileRequests(
  spec: OutboundSpec,
  caseSpec: CaseSpec,
  casePath: SpecPath,
  scopes: Scopes,
  compiler: TemplateCompiler,
): ReturnType<OutboundCase['requests']> {
  const request = wholeRequest(overlaid(spec.request, requestOf(caseSpec)), casePath, compiler);
  const specs = caseSpec.steps ?? [];
  const { steps, scope } = compileSteps(
    specs,
    [caseSpec, spec.request],
    [...casePath, 'steps'],
    scopes.outbound,
    compiler,
  );
  for (const [index, step] of specs.entries()) {
    const stepPath = [...casePath, 'steps', index, 'request'];
    if (step.request) checkFiles(step.request, specs.slice(0, index), stepPath, compiler);
  }
  checkFiles(request, specs, casePath, compiler);
  return { steps, build: compileRequest(request, casePath, scope, compiler) };
}

/** The first case that takes a part of this kind. Roots: `message`, `text`, `media`, `sender`. */
export function selectCase(
  cases: readonly OutboundCase[],
  kind: MessageKind,
  roots: Roots,
  from = 0,
): MaybePromise<OutboundCase | undefined> {
  for (let index = from; index < cases.length; index++) {
    const candidate = cases[index] as OutboundCase;
    if (candidate.kind !== kind || !takesMedia(candidate, roots)) continue;
    if (candidate.when === undefined) return candidate;
    const holds = candidate.when.run(roots);
    if (holds instanceof Promise) {
      return holds.then((yes) => (yes ? candidate : selectCase(cases, kind, roots, index + 1)));
    }
    if (holds) return candidate;
  }
  return undefined;
}

function takesMedia({ contentTypes }: OutboundCase, roots: Roots): boolean {
  return (
    contentTypes === undefined || isOfContentType((roots['media'] as MediaItem | undefined)?.contentType, contentTypes)
  );
}

/** Both parts were checked by themselves; only together can they be seen to lack something. */
function wholeRequest(request: Partial<RequestSpec>, path: SpecPath, compiler: TemplateCompiler): RequestSpec {
  const { method = 'POST', url = '', encoding = 'json' } = request;
  const missing = (['method', 'url'] as const).filter((key) => request[key] === undefined).map((key) => `"${key}"`);
  if (missing.length > 0) {
    const message = `its request lacks ${missing.join(', ')}; give it here or in outbound.request`;
    compiler.mistake({ path, message });
  }
  return { ...request, method, url, encoding };
}

function requestOf(spec: CaseSpec) {
  const { method, url, headers, query, encoding, body } = spec;
  return { method, url, headers, query, encoding, body };
}

/** The second value over the first: objects key by key, anything else whole. */
function overlaid(under: object, over: object): Record<string, unknown> {
  const result: Record<string, unknown> = { ...under };
  for (const [key, value] of Object.entries(over)) {
    const below = result[key];
    if (value !== undefined) result[key] = isMapping(below) && isMapping(value) ? overlaid(below, value) : value;
  }
  return result;
}

function hasPath(value: unknown, path: SpecPath): boolean {
  const [key, ...rest] = path;
  if (key === undefined) return true;
  return (
    typeof value === 'object' &&
    value !== null &&
    hasPath((value as Record<string | number, unknown>)[key], rest) &&
    Object.hasOwn(value, key)
  );
}

function isMapping(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** A case after one of the same kind that takes everything, or all of its content types, would never be asked. */
function findUnreachable(cases: readonly CaseSpec[], path: SpecPath, compiler: TemplateCompiler): void {
  const closed = new Set<MessageKind>();
  const taken: string[] = [];
  for (const [index, { kind, when, contentTypes, text }] of cases.entries()) {
    const casePath = [...path, 'cases', index];
    if (closed.has(kind)) {
      compiler.mistake({
        path: casePath,
        message: `never reached: an earlier case takes every message of kind "${kind}"`,
      });
    }
    if (kind === 'media' && contentTypes?.every((type) => isOfContentType(type, taken))) {
      compiler.mistake({ path: casePath, message: 'never reached: earlier cases take all its content types' });
    }
    if (!when && !contentTypes) closed.add(kind);
    if (!when && kind === 'media') taken.push(...(contentTypes ?? []));
    if (contentTypes && kind !== 'media' && kind !== 'actions') {
      compiler.mistake({
        path: [...casePath, 'contentTypes'],
        message: 'only "media" and "actions" have content types',
      });
    }
    if (text && kind !== 'media' && kind !== 'actions') {
      compiler.mistake({ path: [...casePath, 'text'], message: 'only "media" and "actions" carry a text besides' });
    }
  }
}
