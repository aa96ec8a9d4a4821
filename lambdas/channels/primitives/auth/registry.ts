import * as z from 'zod';
import type { Scopes } from '../../expressions/scope.ts';
import type { TemplateCompiler } from '../../expressions/template.ts';
import type { SpecPath } from '../../mistakes.ts';
import { awsSigv4Schema, compileAwsSigv4, type SigningHost } from './aws-sigv4.ts';
import { clientCredentialsSchema, compileClientCredentials } from './client-credentials.ts';
import { compileExchangedToken, exchangedTokenSchema } from './exchanged-token.ts';
import { compileJwtBearer, jwtBearerSchema } from './jwt-bearer.ts';
import { compileLoginSession, loginSessionSchema } from './login-session.ts';
import type { SessionAuth } from './session.ts';
import { compileStaticAuth, staticAuthSchema } from './static.ts';

/** Every way to authenticate that a spec can name. */
export const authSchema = z
  .discriminatedUnion('scheme', [
    ...staticAuthSchema.options,
    loginSessionSchema,
    clientCredentialsSchema,
    jwtBearerSchema,
    exchangedTokenSchema,
    awsSigv4Schema,
  ])
  .describe('How requests prove who we are');
export type AuthSpec = z.infer<typeof authSchema>;

/** How requests carry credentials and, where those are sessions, how one is obtained. */
export type CompiledAuth = Pick<SessionAuth, 'authorize'> & Partial<SessionAuth>;

export function compileAuth(
  spec: AuthSpec,
  path: SpecPath,
  scopes: Scopes,
  compiler: TemplateCompiler,
  host: SigningHost,
): CompiledAuth {
  switch (spec.scheme) {
    case 'login-session':
      return compileLoginSession(spec, path, scopes, compiler);
    case 'oauth2-client-credentials':
      return compileClientCredentials(spec, path, scopes, compiler);
    case 'jwt-bearer':
      return compileJwtBearer(spec, path, scopes, compiler);
    case 'exchanged-token':
      return compileExchangedToken(spec, path, scopes, compiler);
    case 'aws-sigv4':
      return { authorize: compileAwsSigv4(spec, path, scopes.auth, compiler, host) };
    default:
      return { authorize: compileStaticAuth(spec, { compiler, path, scope: scopes.auth }) };
  }
}
