import * as z from 'zod';
import type { Roots, Scope } from './expressions/scope.ts';
import { andThen } from './expressions/settled.ts';
import type { TemplateCompiler } from './expressions/template.ts';
import { decodeAnswer } from './http/answer.ts';
import { type BuildRequest, compileRequest, MissingValueError, requestSchema } from './http/request.ts';
import type { SpecPath } from './mistakes.ts';
import type { Authorize } from './primitives/auth/scheme.ts';
import type { EncodingName } from './primitives/encodings/registry.ts';
import type { ErrorTable } from './primitives/errors.ts';
import type { FailedOutcome, Step, StepReading } from './types.ts';

/** Twilio's code for a media file that could not be downloaded. */
const DOWNLOAD_FAILED = 63_019;

export const stepSchema = z
  .strictObject({
    name: z
      .string()
      .regex(/^[a-z]\w*$/i, 'a name: letters and digits, beginning with a letter')
      .describe('What later steps and the request read it as: `steps.<name>`'),
    download: z
      .string()
      .optional()
      .describe(
        "A customer's file: `{% media.url %}`. Gives `contentType`, `size`, and the bytes for a multipart body's `file`",
      ),
    head: z.string().optional().describe("Only what a customer's file is: `contentType`, `size`"),
    request: requestSchema
      .optional()
      .describe("A request to the provider; gives its answer's body. It fails as `errors` say"),
  })
  .describe('A request made before; exactly one of `download`, `head` and `request`');
export type StepSpec = z.infer<typeof stepSchema>;

/** A step of the spec; with the roots of a part of a message it becomes a `Step`. */
export interface CompiledStep {
  name: string;
  kind: Step['kind'];
  build: BuildRequest;
  placeholder: unknown;
}

/**
 * Compiles the steps of a case, each of which sees those before it, and gives the scope that they leave.
 * @param reader all that may read what steps give, to know what must stand for it where nothing is sent
 */
export function compileSteps(
  specs: readonly StepSpec[],
  reader: unknown,
  path: SpecPath,
  base: Scope,
  compiler: TemplateCompiler,
): { steps: CompiledStep[]; scope: Scope } {
  let scope = base;
  const read = readIn(reader);
  const steps: CompiledStep[] = [];
  for (const [index, spec] of specs.entries()) {
    const stepPath = [...path, index];
    if (steps.some(({ name }) => name === spec.name)) {
      compiler.mistake({ path: [...stepPath, 'name'], message: `another step is called "${spec.name}"` });
    }
    steps.push(compileStep(spec, read, stepPath, scope, compiler));
    scope = { ...base, steps: Object.fromEntries(steps.map(({ name }) => [name, true as const])) };
  }
  return { steps, scope };
}

function compileStep(
  spec: StepSpec,
  read: ReadonlyMap<string, string[][]>,
  path: SpecPath,
  scope: Scope,
  compiler: TemplateCompiler,
): CompiledStep {
  const { name, download, head, request } = spec;
  const given = [download, head, request].filter((one) => one !== undefined);
  if (given.length !== 1) compiler.mistake({ path, message: 'a step is one of "download", "head" and "request"' });
  if (request !== undefined) {
    const build = compileRequest(request, [...path, 'request'], scope, compiler);
    return { name, kind: 'request', build, placeholder: placeholderOf(name, read.get(name) ?? []) };
  }
  const kind = download === undefined ? 'head' : 'download';
  const url = compiler.url(download ?? head ?? '', [...path, kind], scope);
  return {
    name,
    kind,
    build: (roots) =>
      andThen(url.run(roots), (target) => {
        if (typeof target !== 'string') throw new MissingValueError(`the step "${name}" has no URL to ask`);
        return { method: kind === 'head' ? 'HEAD' : 'GET', url: target, headers: {} };
      }),
    placeholder: { contentType: `<steps.${name}.contentType>`, size: 0 },
  };
}

/** The step of one part of a message. */
export function stepOf(
  step: CompiledStep,
  roots: Roots,
  { authorize, errors, encoding }: { authorize: Authorize; errors: ErrorTable; encoding: EncodingName },
): Step {
  const { name, kind, build, placeholder } = step;
  return {
    name,
    kind,
    placeholder,
    request: (values) => {
      const all = { ...roots, steps: values };
      return kind === 'request' ? andThen(build(all), (request) => authorize(request, all)) : build(all);
    },
    read: async (answer) => {
      if (kind !== 'request') return readFile(answer, kind);
      const text = Buffer.from(answer.bytes).toString('utf8');
      const decoded = await decodeAnswer({ status: answer.status, headers: answer.headers, body: text }, encoding);
      return (await errors.refusal(decoded)) ?? { outcome: 'done', value: decoded.body };
    },
  };
}

type FileAnswer = Parameters<Step['read']>[0];

function readFile({ status, headers, bytes }: FileAnswer, kind: 'download' | 'head'): StepReading {
  if (status < 200 || status > 299) return downloadFailure(status);
  const size = kind === 'download' ? bytes.length : Number(headers['content-length'] ?? Number.NaN);
  // Whoever asks for it must have it: without its size some providers take no file.
  if (!Number.isSafeInteger(size)) return downloadFailure(status);
  const contentType = headers['content-type'];
  return {
    outcome: 'done',
    value: { ...(contentType !== undefined && { contentType }), size, ...(kind === 'download' && { bytes }) },
  };
}

/** A customer's server that is busy may be asked again; whatever else it says, the file is not to be had. */
function downloadFailure(status: number): FailedOutcome {
  return {
    outcome: 'failed',
    class: status === 429 || status >= 500 ? 'retry' : 'permanent',
    twilioCode: DOWNLOAD_FAILED,
    title: `The media file could not be downloaded (HTTP ${status})`,
    scope: 'contact',
  };
}

/** What is read of each step, by its name: `steps.upload.media_id` is `['media_id']` of `upload`. */
function readIn(reader: unknown): Map<string, string[][]> {
  const read = new Map<string, string[][]>();
  for (const [, name = '', rest = ''] of JSON.stringify(reader).matchAll(
    /\bsteps\.(\w+)((?:\.[a-z_]\w*|\[\d+\])*)/gi,
  )) {
    // The first of something that is no list is the thing itself, so a position needs no list.
    read.set(name, [
      ...(read.get(name) ?? []),
      rest
        .replace(/\[\d+\]/g, '')
        .split('.')
        .slice(1),
    ]);
  }
  return read;
}

/** An object in which everything that is read is a text that says what it stands for. */
function placeholderOf(name: string, paths: readonly string[][]): unknown {
  const whole: Record<string, unknown> = {};
  for (const path of paths) {
    let inner = whole;
    for (const [index, key] of path.entries()) {
      const isLast = index === path.length - 1;
      inner[key] ??= isLast ? `<steps.${[name, ...path].join('.')}>` : {};
      if (typeof inner[key] !== 'object') break;
      inner = inner[key] as Record<string, unknown>;
    }
  }
  return whole;
}

/** The `file` of a multipart body that no step downloads would go out as a name and not as a file. */
export function checkFiles(
  request: { encoding: string; body?: unknown },
  specs: readonly StepSpec[],
  path: SpecPath,
  compiler: TemplateCompiler,
): void {
  if (request.encoding !== 'multipart' || typeof request.body !== 'object' || request.body === null) return;
  const downloads = specs.filter(({ download }) => download !== undefined).map(({ name }) => name);
  for (const [key, field] of Object.entries(request.body)) {
    const file = (field as { file?: unknown } | null)?.file;
    if (typeof file === 'string' && !downloads.includes(file)) {
      const known = downloads.length === 0 ? 'there is none' : `there is ${downloads.join(', ')}`;
      compiler.mistake({
        path: [...path, 'body', key, 'file'],
        message: `no step before it downloads "${file}"; ${known}`,
      });
    }
  }
}
