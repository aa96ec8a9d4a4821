import * as z from 'zod';
import type { Scopes } from '../../expressions/scope.ts';
import type { TemplateCompiler } from '../../expressions/template.ts';
import { decodeAnswer } from '../../http/answer.ts';
import { compileRequest, requestSchema } from '../../http/request.ts';
import type { SpecPath } from '../../mistakes.ts';
import {
  ChannelAnswerError,
  type HttpAnswer,
  type HttpRequest,
  type SenderContext,
  type Session,
} from '../../types.ts';
import { timeOf } from '../timestamp.ts';
import type { Authorize } from './scheme.ts';
import { compileStaticAuth, staticAuthSchema } from './static.ts';

export const loginSessionSchema = z
  .strictObject({
    scheme: z.literal('login-session').describe('A login gives a token for some time'),
    login: requestSchema
      .extend({ auth: staticAuthSchema.optional().describe('Credentials of the login itself') })
      .describe('The request that logs in. Names: `sender`'),
    token: z.string().describe('Where the answer has the token: `{% answer.body.token %}`'),
    expiresAt: z
      .string()
      .optional()
      .describe('Where the answer says when it expires, as a date or a time since the epoch'),
    expiresIn: z
      .union([z.string(), z.int().positive()])
      .optional()
      .describe('Or for how many seconds it is good: a hole, or a number the provider documents'),
    renewBefore: z.int().positive().describe('Seconds before its expiry at which a session is renewed'),
    use: staticAuthSchema.describe('How requests carry the session. Names: `sender`, `session`'),
  })
  .describe('A login that gives a token with a lifetime');
export type LoginSessionSpec = z.infer<typeof loginSessionSchema>;

export interface Login {
  renewBefore: number;
  request(sender: SenderContext): Promise<HttpRequest>;
  session(answer: HttpAnswer, at: number): Promise<Session>;
}

export function compileLoginSession(
  spec: LoginSessionSpec,
  path: SpecPath,
  scopes: Scopes,
  compiler: TemplateCompiler,
): { authorize: Authorize; login: Login } {
  const build = compileRequest(spec.login, [...path, 'login'], scopes.login, compiler);
  const authorizeLogin =
    spec.login.auth &&
    compileStaticAuth(spec.login.auth, { compiler, path: [...path, 'login', 'auth'], scope: scopes.login });
  const token = compiler.template(spec.token, [...path, 'token'], scopes.answer);
  const expiresAt = compiler.template(spec.expiresAt, [...path, 'expiresAt'], scopes.answer);
  const expiresIn = compiler.template(spec.expiresIn, [...path, 'expiresIn'], scopes.answer);
  if ((spec.expiresAt === undefined) === (spec.expiresIn === undefined)) {
    compiler.mistake({ path, message: 'a session needs either "expiresAt" or "expiresIn"' });
  }

  return {
    authorize: compileStaticAuth(spec.use, { compiler, path: [...path, 'use'], scope: scopes.auth }),
    login: {
      renewBefore: spec.renewBefore,
      request: async (sender) => {
        const request = await build({ sender });
        return authorizeLogin ? authorizeLogin(request, { sender }) : request;
      },
      session: async (answer, at) => {
        const roots = { answer: await decodeAnswer(answer) };
        const value = await token.run(roots);
        const lifetime = Number(await expiresIn.run(roots));
        const expiry = spec.expiresAt === undefined ? at + lifetime * 1000 : timeOf(await expiresAt.run(roots));
        if (answer.status < 200 || answer.status > 299 || typeof value !== 'string' || value === '') {
          throw new ChannelAnswerError(`the login answer (HTTP ${answer.status}) holds no session token`);
        }
        if (expiry === undefined || !Number.isFinite(expiry)) {
          throw new ChannelAnswerError('the login answer does not say when the session expires');
        }
        return { token: value, expiresAt: new Date(expiry).toISOString() };
      },
    },
  };
}
