import * as z from 'zod';
import { andThen } from '../../expressions/settled.ts';
import type { CompileAuth } from './scheme.ts';

export const staticHeaderSchema = z
  .strictObject({
    scheme: z.literal('static-header').describe('A header with the credentials'),
    header: z.string().default('Authorization').describe('The header, `Authorization` unless said otherwise'),
    value: z.string().describe('Its value: `Bearer {% sender.secrets.token %}`'),
  })
  .describe('Credentials in a header');

/** Credentials in a header: a provider's API key, a bearer token. */
export const compileStaticHeader: CompileAuth<z.infer<typeof staticHeaderSchema>> = (
  spec,
  { compiler, path, scope },
) => {
  const value = compiler.template(spec.value, [...path, 'value'], scope);
  return (request, roots) =>
    andThen(value.run(roots), (text) => {
      if (text !== undefined) request.headers[spec.header] = String(text);
      return request;
    });
};
