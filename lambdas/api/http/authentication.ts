import type { MiddlewareObj } from '@middy/core';
import type { APIGatewayProxyStructuredResultV2 } from 'aws-lambda';
import { secretsEqual } from '../../domain/auth-token.ts';
import { sidPattern } from '../../domain/sid.ts';
import { notFound, TwilioError } from '../../domain/twilio-error.ts';
import type { MasterKey } from '../../platform/master-key.ts';
import type { AccountStore } from '../../platform/stores/accounts.ts';
import type { ApiEvent } from './request.ts';

const ACCOUNT_SID = sidPattern('AC');

/**
 * HTTP Basic with an account's SID and auth token: 401 (20003) without them, and for an account that is not active.
 * Another account's SID in the path is 404 (20404), whether or not that account exists.
 */
export function authentication(
  accounts: Pick<AccountStore, 'get'>,
  masterKey: Pick<MasterKey, 'authToken'>,
): MiddlewareObj<ApiEvent, APIGatewayProxyStructuredResultV2> {
  return {
    async before({ event }) {
      const credentials = basicCredentials(event.headers['authorization']);
      if (!credentials) {
        throw new TwilioError(20003, 'Authentication Error - No credentials provided', {
          detail: 'Your AccountSid or AuthToken was incorrect.',
        });
      }
      const { user, password } = credentials;
      const account = ACCOUNT_SID.test(user) ? await accounts.get(user) : undefined;
      // A token is compared in any case, so that the time taken does not tell which accounts exist.
      const expected = await masterKey.authToken(account ?? { sid: user, generation: 1 });
      const matches = secretsEqual(password, expected);
      if (!matches || account?.status !== 'active') throw new TwilioError(20003, 'Authenticate');

      const inPath = event.parameters?.['accountSid'];
      if (inPath !== undefined && inPath !== account.sid) throw notFound(event.rawPath);
      event.account = account;
    },
  };
}

function basicCredentials(header: string | undefined): { user: string; password: string } | undefined {
  const encoded = /^Basic +([A-Za-z0-9+/_-]+=*) *$/i.exec(header ?? '')?.[1];
  if (encoded === undefined) return undefined;
  const [, user, password] = /^([^:]*):(.*)$/s.exec(Buffer.from(encoded, 'base64').toString('utf8')) ?? [];
  return user && password !== undefined ? { user, password } : undefined;
}
