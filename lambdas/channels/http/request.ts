import * as z from 'zod';
import type { Roots, Scope } from '../expressions/scope.ts';
import type { TemplateCompiler } from '../expressions/template.ts';
import type { SpecPath } from '../mistakes.ts';
import { ENCODINGS } from '../primitives/encodings/registry.ts';
import { type HttpRequest, httpRequestSchema } from '../types.ts';
import { withQuery } from './query.ts';

export const encodingSchema = z
  .enum(['json', 'form', 'xml', 'multipart'])
  .describe('How a body is written: `json` (the default), `form` (URL-encoded), `xml` or `multipart`');

export const requestShape = {
  method: httpRequestSchema.shape.method.describe('The HTTP method'),
  url: z
    .string()
    .describe('The URL. A hole at the start is the base; any other hole is percent-encoded as one path segment'),
  headers: z.record(z.string(), z.string()).describe('Headers besides `Content-Type` and the credentials'),
  query: z.record(z.string(), z.string()).describe('Query parameters; one whose hole yields nothing is left out'),
  encoding: encodingSchema,
  body: z.json().describe('The body as data, with holes; a key whose hole yields nothing is left out'),
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

export type BuildRequest = (roots: Roots) => Promise<HttpRequest>;

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
  const encodingModule = ENCODINGS[spec.encoding];

  return async (roots) => {
    const address = target.isAsync ? await target.run(roots) : target.run(roots);
    if (typeof address !== 'string') throw new MissingValueError(`the URL ${spec.url} has a hole that yields nothing`);
    const request: HttpRequest = { method: spec.method, url: address, headers: {} };
    if (headerValues) request.headers = textValues(await headerValues.run(roots));
    if (parameters) request.url = withQuery(address, textValues(await parameters.run(roots)));
    const value = content.isAsync ? await content.run(roots) : content.run(roots);
    if (value === undefined || value === null) return request;
    if (encodingModule.contentType !== undefined) request.headers['Content-Type'] ??= encodingModule.contentType;
    request.body = await encodingModule.encode(value);
    return request;
  };
}

/** A request lacks something that only a sender or a message could give. Names the hole, never a value. */
export class MissingValueError extends Error {}

function textValues(values: unknown): Record<string, string> {
  return Object.fromEntries(Object.entries(values ?? {}).map(([name, value]) => [name, String(value)]));
}
