import * as z from 'zod';
import type { Scopes } from '../../expressions/scope.ts';
import type { TemplateCompiler } from '../../expressions/template.ts';
import { compileRequest, MissingValueError, requestSchema } from '../../http/request.ts';
import type { SpecPath } from '../../mistakes.ts';
import { ChannelAnswerError, type SenderContext } from '../../types.ts';
import { compileSession, oauthAnswerShape, type SessionAuth, sessionShape } from './session.ts';

export const exchangedTokenSchema = z
  .strictObject({
    scheme: z
      .literal('exchanged-token')
      .describe("The customer's own token, exchanged for newer ones before each expires"),
    first: z.string().describe('The token that the customer gave: `{% sender.secrets.token %}`'),
    when: z
      .string()
      .optional()
      .describe("Whether a sender's token can be exchanged; one that cannot is used as it is, for ever"),
    exchange: requestSchema.describe(
      'The request that gives a newer token. Names: `sender`, and `session`, whose `token` is exchanged',
    ),
    atOnce: z
      .boolean()
      .default(true)
      .describe(
        'False where a token that was just made cannot be exchanged: then the first is used until it is due, ' +
          'as if it were good for `lifetime`',
      ),
    lifetime: z.int().positive().describe('For how many seconds a token is good where no answer says so'),
    ...oauthAnswerShape,
    ...sessionShape,
  })
  .describe("The customer's own token, exchanged for newer ones");

export function compileExchangedToken(
  spec: z.infer<typeof exchangedTokenSchema>,
  path: SpecPath,
  scopes: Scopes,
  compiler: TemplateCompiler,
): SessionAuth {
  const scope = { sender: scopes.login.sender };
  const first = compiler.template(spec.first, [...path, 'first'], scope);
  const when = spec.when === undefined ? undefined : compiler.template(spec.when, [...path, 'when'], scope);
  const build = compileRequest(spec.exchange, [...path, 'exchange'], scopes.auth, compiler);
  if (spec.renewBefore >= spec.lifetime) {
    compiler.mistake({ path: [...path, 'renewBefore'], message: 'must be less than "lifetime"' });
  }
  const { authorize, renewBefore, session } = compileSession(spec, path, scopes, compiler);

  const own = async (sender: SenderContext): Promise<{ token: string } | undefined> => {
    const token = await first.run({ sender });
    return typeof token === 'string' && token !== '' ? { token } : undefined;
  };
  return {
    authorize,
    current: async (sender, given) => given ?? own(sender),
    login: {
      renewBefore,
      given: async (sender, at) => {
        if (when && !(await when.run({ sender }))) return {};
        const token = spec.atOnce ? undefined : await own(sender);
        return token && { session: { ...token, expiresAt: new Date(at + spec.lifetime * 1000).toISOString() } };
      },
      request: async (sender, _at, _again, last) => {
        const token = last ?? (await own(sender));
        if (!token) throw new MissingValueError('the sender has no token that could be exchanged');
        return build({ sender, session: token });
      },
      session: async (answer, at) => {
        const isRefused = answer.status >= 400 && answer.status < 500 && answer.status !== 429;
        if (isRefused) throw new ChannelAnswerError(refusedWith(answer.status));
        return session(answer, at);
      },
    },
  };
}

/** An exchange is refused for a token that is no good any more, which only a person can mend. */
const refusedWith = (status: number) =>
  `the provider refused to exchange the token (HTTP ${status}); one that has expired or was revoked cannot be exchanged: ` +
  'get a new token from the provider, delete the sender and register it again with that';
