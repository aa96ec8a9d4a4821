import * as z from 'zod';
import { equalInConstantTime } from './hmac.ts';
import { type CompileSignature, headerOf } from './scheme.ts';
import { compileSecret } from './secret.ts';

export const sharedSecretSchema = z
  .strictObject({
    scheme: z.literal('shared-secret').describe('The provider says a secret that we gave it'),
    header: z.string().optional().describe('The header that carries it; letter case does not matter'),
    query: z.string().optional().describe('Or the query parameter'),
    value: z.string().describe('What it must be: `{% sender.secrets.token %}`, with `Bearer ` before it if need be'),
  })
  .describe('A secret in a header or query parameter. It proves who speaks and not what is said');

export const compileSharedSecret: CompileSignature<z.infer<typeof sharedSecretSchema>> = (
  spec,
  path,
  scope,
  compiler,
) => {
  const { query } = spec;
  const header = spec.header?.toLowerCase();
  const value = compileSecret(spec.value, [...path, 'value'], scope, compiler);
  const bare = spec.value.replace(/\{%[\s\S]*?%\}/g, '');
  if ((header === undefined) === (query === undefined)) {
    compiler.mistake({ path, message: 'a secret comes either in a "header" or in a "query" parameter' });
  }
  return async (webhook, roots) => {
    const fromQuery = query !== undefined && Object.hasOwn(webhook.query, query) ? webhook.query[query] : undefined;
    const given = header === undefined ? fromQuery : headerOf(webhook, header);
    const expected = await value.run(roots);
    // An unset secret yields nothing at all, an empty one a bare `Bearer `: neither may be said.
    return typeof given === 'string' && typeof expected === 'string' && expected !== bare
      ? equalInConstantTime(given, expected)
      : false;
  };
};
