import * as z from 'zod';
import type { Scopes } from '../../expressions/scope.ts';
import type { TemplateCompiler } from '../../expressions/template.ts';
import type { SpecPath } from '../../mistakes.ts';
import { compileSession, oauthAnswerShape, type SessionAuth, sessionShape } from './session.ts';
import { compileTokenRequest } from './token-request.ts';

export const clientCredentialsSchema = z
  .strictObject({
    scheme: z.literal('oauth2-client-credentials').describe('OAuth 2: an id and a secret give a token for some time'),
    tokenUrl: z.string().describe('Where tokens are given out'),
    clientId: z.string().describe('`{% sender.fields.clientId %}`'),
    clientSecret: z.string().describe('`{% sender.secrets.clientSecret %}`'),
    scope: z.string().optional().describe('What the token is to be good for, as the provider names it'),
    ...oauthAnswerShape,
    ...sessionShape,
  })
  .describe('OAuth 2 client credentials (RFC 6749, section 4.4), the id and the secret in the form');

export function compileClientCredentials(
  spec: z.infer<typeof clientCredentialsSchema>,
  path: SpecPath,
  scopes: Scopes,
  compiler: TemplateCompiler,
): SessionAuth {
  const build = compileTokenRequest(
    { url: spec.tokenUrl, at: [...path, 'tokenUrl'] },
    {
      grant_type: { value: 'client_credentials', at: path },
      client_id: { value: spec.clientId, at: [...path, 'clientId'] },
      client_secret: { value: spec.clientSecret, at: [...path, 'clientSecret'] },
      scope: { value: spec.scope, at: [...path, 'scope'] },
    },
    scopes.login,
    compiler,
  );
  const { authorize, renewBefore, session } = compileSession(spec, path, scopes, compiler);
  return { authorize, login: { renewBefore, request: (sender, _at, again) => build({ sender, again }), session } };
}
