import * as z from 'zod';
import { basicSchema, compileBasic } from './basic.ts';
import { compileQueryKey, queryKeySchema } from './query-key.ts';
import type { CompileAuth } from './scheme.ts';
import { compileStaticHeader, staticHeaderSchema } from './static-header.ts';

/** The schemes that put known values on a request; a session's token is one too, once there is a session. */
export const staticAuthSchema = z
  .discriminatedUnion('scheme', [staticHeaderSchema, queryKeySchema, basicSchema])
  .describe('How a request carries credentials');
export type StaticAuthSpec = z.infer<typeof staticAuthSchema>;

export const compileStaticAuth: CompileAuth<StaticAuthSpec> = (spec, place) => {
  switch (spec.scheme) {
    case 'static-header':
      return compileStaticHeader(spec, place);
    case 'query-key':
      return compileQueryKey(spec, place);
    case 'basic':
      return compileBasic(spec, place);
  }
};
