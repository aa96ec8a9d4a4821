import * as z from 'zod';
import type { Scopes } from '../../expressions/scope.ts';
import type { TemplateCompiler } from '../../expressions/template.ts';
import type { SpecPath } from '../../mistakes.ts';
import { compileLoginSession, type Login, loginSessionSchema } from './login-session.ts';
import type { Authorize } from './scheme.ts';
import { compileStaticAuth, staticAuthSchema } from './static.ts';

/** Every way to authenticate that a spec can name. */
export const authSchema = z
  .discriminatedUnion('scheme', [...staticAuthSchema.options, loginSessionSchema])
  .describe('How requests prove who we are');
export type AuthSpec = z.infer<typeof authSchema>;

export function compileAuth(
  spec: AuthSpec,
  path: SpecPath,
  scopes: Scopes,
  compiler: TemplateCompiler,
): { authorize: Authorize; login?: Login } {
  return spec.scheme === 'login-session'
    ? compileLoginSession(spec, path, scopes, compiler)
    : { authorize: compileStaticAuth(spec, { compiler, path, scope: scopes.auth }) };
}
