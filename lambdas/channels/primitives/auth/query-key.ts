import * as z from 'zod';
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
  return async (request, roots) => {
    const text = await value.run(roots);
    return text === undefined ? request : { ...request, url: withQuery(request.url, { [spec.name]: String(text) }) };
  };
};
