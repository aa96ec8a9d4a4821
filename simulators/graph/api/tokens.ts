import { GraphError } from '../graph-error.ts';
import { type GraphCall, type GraphRoute, required } from './call.ts';

/** A refreshed system user token lives so long. */
const SIXTY_DAYS_S = 60 * 86_400;

/** What Graph does with access tokens; these ask for the app's credentials and not for a token. */
export const tokenRoutes: GraphRoute[] = [
  {
    method: 'GET',
    pattern: '/debug_token',
    handler: (call) => {
      const { meta } = call;
      const token = meta.tokens.get(required(call, 'input_token'));
      if (!token) {
        const error = { code: 190, message: 'Invalid OAuth access token.' };
        return { status: 200, json: { data: { is_valid: false, scopes: [], error } } };
      }
      const { appId, scopes, wabaIds, expiresAt } = token;
      const seconds = expiresAt === undefined ? 0 : Math.floor(expiresAt / 1000);
      const data = {
        app_id: appId,
        type: 'SYSTEM_USER',
        application: 'Sandbox',
        is_valid: expiresAt === undefined || expiresAt > meta.clock.now(),
        expires_at: seconds,
        scopes,
        granular_scopes: scopes.map((scope) => ({ scope, target_ids: wabaIds })),
      };
      return { status: 200, json: { data } };
    },
  },
  {
    method: 'GET',
    pattern: '/oauth/access_token',
    handler: (call) => {
      const { meta } = call;
      requireApp(call);
      const old = meta.tokens.get(required(call, 'fb_exchange_token'));
      if (!old || (old.expiresAt ?? Number.POSITIVE_INFINITY) <= meta.clock.now()) {
        throw new GraphError(190, 'The token to exchange has expired or is not known.', { subcode: 463 });
      }
      const expiresAt = meta.clock.now() + SIXTY_DAYS_S * 1000;
      const { token } = meta.addToken({ wabaIds: old.wabaIds, scopes: old.scopes, expiresAt });
      return { status: 200, json: { access_token: token, token_type: 'bearer', expires_in: SIXTY_DAYS_S } };
    },
  },
];

function requireApp(call: GraphCall): void {
  const { app } = call.meta;
  if (required(call, 'client_id') !== app.id || required(call, 'client_secret') !== app.secret) {
    throw new GraphError(1, 'The client id or the client secret is wrong.');
  }
}
