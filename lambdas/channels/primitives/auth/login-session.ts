import * as z from 'zod';
import type { Scopes } from '../../expressions/scope.ts';
import type { TemplateCompiler } from '../../expressions/template.ts';
import { compileRequest, requestSchema } from '../../http/request.ts';
import type { SpecPath } from '../../mistakes.ts';
import { compileSession, type SessionAuth, sessionShape } from './session.ts';
import { compileStaticAuth, staticAuthSchema } from './static.ts';

export const loginSessionSchema = z
  .strictObject({
    scheme: z.literal('login-session').describe('A login gives a token for some time'),
    login: requestSchema
      .extend({ auth: staticAuthSchema.optional().describe('Credentials of the login itself') })
      .describe('The request that logs in. Names: `sender`, and `again`, true where it gave a refused token again'),
    token: z.string().describe('Where the answer has the token: `{% answer.body.token %}`'),
    expiresAt: z
      .string()
      .optional()
      .describe('Where the answer says when it expires, as a date or a time since the epoch'),
    expiresIn: z
      .union([z.string(), z.int().positive()])
      .optional()
      .describe('Or for how many seconds it is good: a hole, or a number the provider documents'),
    ...sessionShape,
  })
  .describe('A login that gives a token with a lifetime');
export type LoginSessionSpec = z.infer<typeof loginSessionSchema>;

export function compileLoginSession(
  spec: LoginSessionSpec,
  path: SpecPath,
  scopes: Scopes,
  compiler: TemplateCompiler,
): SessionAuth {
  const build = compileRequest(spec.login, [...path, 'login'], scopes.login, compiler);
  const authorizeLogin =
    spec.login.auth &&
    compileStaticAuth(spec.login.auth, { compiler, path: [...path, 'login', 'auth'], scope: scopes.login });
  if ((spec.expiresAt === undefined) === (spec.expiresIn === undefined)) {
    compiler.mistake({ path, message: 'a session needs either "expiresAt" or "expiresIn"' });
  }
  const { authorize, renewBefore, session } = compileSession(spec, path, scopes, compiler);
  return {
    authorize,
    login: {
      renewBefore,
      request: async (sender, _at, again) => {
        const request = await build({ sender, again });
        return authorizeLogin ? authorizeLogin(request, { sender, again }) : request;
      },
      session,
    },
  };
}
