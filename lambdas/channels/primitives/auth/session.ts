import * as z from 'zod';
import type { Scopes } from '../../expressions/scope.ts';
import type { MaybePromise } from '../../expressions/settled.ts';
import type { TemplateCompiler } from '../../expressions/template.ts';
import { decodeAnswer } from '../../http/answer.ts';
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

/** What every scheme that obtains a token says about it. */
export const sessionShape = {
  renewBefore: z.int().positive().describe('Seconds before its expiry at which a token is renewed'),
  use: staticAuthSchema.describe('How requests carry the token. Names: `sender`, `session`'),
};

/** Where an OAuth 2 answer has what (RFC 6749, section 5.1). */
export const oauthAnswerShape = {
  token: z
    .string()
    .default('{% answer.body.access_token %}')
    .describe('Where the answer has the token; `access_token` if not given'),
  expiresIn: z
    .union([z.string(), z.int().positive()])
    .default('{% answer.body.expires_in %}')
    .describe('For how many seconds it is good; `expires_in` if not given'),
};

/** How a token is obtained, and what requests do with it. */
export interface SessionAuth {
  authorize: Authorize;
  login: Login;
  /** The session that requests carry, where the customer's own token stands in for one. */
  current?(sender: SenderContext, given: Session | undefined): MaybePromise<Pick<Session, 'token'> | undefined>;
}

export interface Login {
  renewBefore: number;
  /**
   * @param at now, ms since the epoch
   * @param again whether the token that the last login gave was refused
   * @param last the session that is renewed, where a newer one is made from it
   */
  request(sender: SenderContext, at: number, again: boolean, last?: Session): Promise<HttpRequest>;
  /** What a sender has without a login; see `Channel.login`. */
  given?(sender: SenderContext, at: number): Promise<{ session?: Session } | undefined>;
  session(answer: HttpAnswer, at: number): Promise<Session>;
}

interface SessionSpec {
  token: string;
  expiresAt?: string | undefined;
  expiresIn?: string | number | undefined;
  /** Seconds, where `expiresIn` yields none. */
  lifetime?: number | undefined;
  renewBefore: number;
  use: z.infer<typeof staticAuthSchema>;
}

/** Compiles all of it but the request. */
export function compileSession(
  spec: SessionSpec,
  path: SpecPath,
  scopes: Scopes,
  compiler: TemplateCompiler,
): { authorize: Authorize; renewBefore: number; session: Login['session'] } {
  const token = compiler.template(spec.token, [...path, 'token'], scopes.answer);
  const expiresAt = compiler.template(spec.expiresAt, [...path, 'expiresAt'], scopes.answer);
  const expiresIn = compiler.template(spec.expiresIn, [...path, 'expiresIn'], scopes.answer);
  return {
    authorize: compileStaticAuth(spec.use, { compiler, path: [...path, 'use'], scope: scopes.auth }),
    renewBefore: spec.renewBefore,
    session: async (answer, at) => {
      const roots = { answer: await decodeAnswer(answer) };
      const value = await token.run(roots);
      const said = Number(await expiresIn.run(roots));
      const lifetime = spec.lifetime === undefined || said > 0 ? said : spec.lifetime;
      const expiry = spec.expiresAt === undefined ? at + lifetime * 1000 : timeOf(await expiresAt.run(roots));
      if (answer.status < 200 || answer.status > 299 || typeof value !== 'string' || value === '') {
        throw new ChannelAnswerError(`the login answer (HTTP ${answer.status}) holds no session token`);
      }
      if (expiry === undefined || !Number.isFinite(expiry)) {
        throw new ChannelAnswerError('the login answer does not say when the session expires');
      }
      return { token: value, expiresAt: new Date(expiry).toISOString() };
    },
  };
}
