import type { Roots, Scope } from '../../expressions/scope.ts';
import type { TemplateCompiler } from '../../expressions/template.ts';
import { MissingValueError } from '../../http/request.ts';
import type { SpecPath } from '../../mistakes.ts';
import type { HttpRequest } from '../../types.ts';
import { form } from '../encodings/form.ts';

/** A field of the form: its value, and where in the spec that stands. */
export interface FormField {
  value: string | undefined;
  at: SpecPath;
}

/** A request to an OAuth 2 token endpoint: a form, without the fields whose holes yield nothing. */
export function compileTokenRequest(
  spec: { url: string; at: SpecPath },
  fields: Record<string, FormField>,
  scope: Scope,
  compiler: TemplateCompiler,
): (roots: Roots) => Promise<HttpRequest> {
  const target = compiler.url(spec.url, spec.at, scope);
  const values = Object.entries(fields).map(
    ([name, { value, at }]) => [name, compiler.template(value, at, scope)] as const,
  );
  return async (roots) => {
    const url = await target.run(roots);
    if (typeof url !== 'string') throw new MissingValueError(`the URL ${spec.url} has a hole that yields nothing`);
    const given: Record<string, string> = {};
    for (const [name, value] of values) {
      const text = await value.run(roots);
      if (text !== undefined && text !== null) given[name] = String(text);
    }
    return {
      method: 'POST',
      url,
      headers: { 'Content-Type': String(form.contentType) },
      body: new URLSearchParams(given).toString(),
    };
  };
}
