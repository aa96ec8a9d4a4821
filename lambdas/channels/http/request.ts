import * as z from 'zod';
import type { Roots, Scope } from '../expressions/scope.ts';
import { allOf, andThen, type MaybePromise } from '../expressions/settled.ts';
import type { TemplateCompiler } from '../expressions/template.ts';
import type { SpecPath } from '../mistakes.ts';
import { ENCODINGS } from '../primitives/encodings/registry.ts';
import type { HttpRequest } from '../types.ts';
import { withQuery } from './query.ts';

export const encodingSchema = z
  .enum(['json', 'form', 'xml', 'multipart'])
  .describe('How a body is written: `json` (the default), `form` (URL-encoded), `xml` or `multipart`');

export const requestShape = {
  method: z.enum(['GET', 'POST', 'PUT', 'PATCH', 'DELETE']).describe('The HTTP method'),
  url: z
    .string()
    .describe('The URL. A hole at the start is the base; any other hole is percent-encoded as one path segment'),
  headers: z.record(z.string(), z.string()).describe('Headers besides `Content-Type` and the credentials'),
  query: z.record(z.string(), z.string()).describe('Query parameters; one whose hole yields nothing is left out'),
  encoding: encodingSchema,
  body: z
    .json()
    .describe(
      'The body as data, with holes; a key whose hole yields nothing is left out. In `multipart`, ' +
        '`{ file: <step>, filename, contentType }` is the file that a `download` step got',
    ),
};

const { method, url, headers, query, encoding, body } = requestShape;

/** A whole request, with holes. */
export const requestSchema = z
  .strictObject({
    method,
    url,
    headers: headers.optional(),
    query: query.optional(),
    encoding: encoding.default('json'),
    body: body.optional(),
  })
  .describe('An HTTP request');
export type RequestSpec = z.infer<typeof requestSchema>;

/** Builds a request that nobody else holds, so whoever authorizes it may write on it. */
export type BuildRequest = (roots: Roots) => MaybePromise<HttpRequest>;

/** Compiles a request; building it throws `MissingValueError` when its URL has a hole that yields nothing. */
export function compileRequest(
  spec: RequestSpec,
  path: SpecPath,
  scope: Scope,
  compiler: TemplateCompiler,
): BuildRequest {
  const target = compiler.url(spec.url, [...path, 'url'], scope);
  const headerValues = spec.headers && compiler.template(spec.headers, [...path, 'headers'], scope);
  const parameters = spec.query && compiler.template(spec.query, [...path, 'query'], scope);
  const content = compiler.template(spec.body, [...path, 'body'], scope);
  const { contentType, encode } = ENCODINGS[spec.encoding];

  const assemble = (values: readonly unknown[], roots: Roots): MaybePromise<HttpRequest> => {
    const [address, given, query, value] = values;
    if (typeof address !== 'string') throw new MissingValueError(`the URL ${spec.url} has a hole that yields nothing`);
    const request: HttpRequest = {
      method: spec.method,
      url: query === undefined ? address : withQuery(address, textValues(query)),
      headers: given === undefined ? {} : textValues(given),
    };
    if (value === undefined || value === null) return request;
    if (contentType !== undefined) request.headers['Content-Type'] ??= contentType;
    return andThen(encode(value, roots['steps'] as Record<string, unknown> | undefined), (text) => {
      request.body = text;
      return request;
    });
  };
  const evaluators = [target, headerValues, parameters, content];
  return (roots) => {
    const values = evaluators.map((evaluator) => evaluator?.run(roots));
    return andThen(allOf(values), (settled) => assemble(settled, roots));
  };
}

/** A request lacks something that only a sender or a message could give. Names the hole, never a value. */
export class MissingValueError extends Error {}

function textValues(values: unknown): Record<string, string> {
  const texts: Record<string, string> = {};
  const given = (values ?? {}) as Record<string, unknown>;
  for (const name in given) texts[name] = String(given[name]);
  return texts;
}
