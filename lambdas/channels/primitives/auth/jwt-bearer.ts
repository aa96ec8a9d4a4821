import * as z from 'zod';
import type { Scopes } from '../../expressions/scope.ts';
import type { TemplateCompiler } from '../../expressions/template.ts';
import { MissingValueError } from '../../http/request.ts';
import type { SpecPath } from '../../mistakes.ts';
import { PrivateKeyError, signJwt } from './jwt.ts';
import { compileSession, oauthAnswerShape, type SessionAuth, sessionShape } from './session.ts';
import { compileTokenRequest } from './token-request.ts';

export const jwtBearerSchema = z
  .strictObject({
    scheme: z.literal('jwt-bearer').describe('An assertion signed with a private key gives a token for some time'),
    tokenUrl: z.string().describe('Where tokens are given out'),
    privateKey: z.string().describe('An RSA private key in PEM: `{% sender.secrets.privateKey %}`'),
    header: z
      .record(z.string(), z.json())
      .default({})
      .describe("The assertion's header besides `alg` (RS256) and `typ`: `kid`"),
    claims: z
      .record(z.string(), z.json())
      .describe('What the assertion says: `iss`, `aud` …; `iat` and `exp` are added unless they are given'),
    lifetime: z.int().positive().max(3600).describe('Seconds for which an assertion is good'),
    grant: z
      .record(z.string(), z.string())
      .describe('The form that asks for the token; `{% assertion %}` is the signed assertion'),
    ...oauthAnswerShape,
    ...sessionShape,
  })
  .describe('A signed assertion for a token: a service account (RFC 7523), or a client assertion');

export function compileJwtBearer(
  spec: z.infer<typeof jwtBearerSchema>,
  path: SpecPath,
  scopes: Scopes,
  compiler: TemplateCompiler,
): SessionAuth {
  const key = compiler.template(spec.privateKey, [...path, 'privateKey'], scopes.login);
  const header = compiler.template(spec.header, [...path, 'header'], scopes.login);
  const claims = compiler.template(spec.claims, [...path, 'claims'], scopes.login);
  const build = compileTokenRequest(
    { url: spec.tokenUrl, at: [...path, 'tokenUrl'] },
    Object.fromEntries(
      Object.entries(spec.grant).map(([name, value]) => [name, { value, at: [...path, 'grant', name] }]),
    ),
    scopes.grant,
    compiler,
  );
  const { authorize, renewBefore, session } = compileSession(spec, path, scopes, compiler);

  const assertion = async (roots: { sender: unknown; again: boolean }, at: number): Promise<string> => {
    const privateKey = await key.run(roots);
    if (typeof privateKey !== 'string') throw new MissingValueError('the sender has no private key');
    const now = Math.floor(at / 1000);
    const given = ((await claims.run(roots)) ?? {}) as Record<string, unknown>;
    const times = { ...(!('iat' in given) && { iat: now }), ...(!('exp' in given) && { exp: now + spec.lifetime }) };
    try {
      return signJwt(((await header.run(roots)) ?? {}) as object, { ...given, ...times }, privateKey);
    } catch (error) {
      if (error instanceof PrivateKeyError) throw new MissingValueError(error.message);
      throw error;
    }
  };
  return {
    authorize,
    login: {
      renewBefore,
      request: async (sender, at, again) => {
        const roots = { sender, again };
        return build({ ...roots, assertion: await assertion(roots, at) });
      },
      session,
    },
  };
}
