import * as z from 'zod';
import { andThen } from '../../expressions/settled.ts';
import { withQuery } from '../../http/query.ts';
import type { CompileAuth } from './scheme.ts';

export const queryKeySchema = z
  .strictObject({
    scheme: z.literal('query-key').describe('A query parameter with the credentials'),
    name: z.string().describe('The parameter: `access_token`'),
    value: z.string().describe('Its value: `{% session.token %}`'),
  })
  .describe('Credentials in a query parameter; URLs get logged, so prefer a header where the provider has one');

/** Credentials in a query parameter. */
export const compileQueryKey: CompileAuth<z.infer<typeof queryKeySchema>> = (spec, { compiler, path, scope }) => {
  const value = compiler.template(spec.value, [...path, 'value'], scope);
  return (request, roots) =>
    andThen(value.run(roots), (text) => {
      if (text !== undefined) request.url = withQuery(request.url, { [spec.name]: String(text) });
      return request;
    });
};
