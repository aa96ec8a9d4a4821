import { afterAll, describe, expect, it, vi } from 'vitest';
import { call } from '../support/api.ts';
import { ROOT_ACCOUNT_SID, startAws } from '../support/aws.ts';

const aws = await startAws();
const { apiHandler } = await import('../../lambdas/api/http/api-handler.ts');
const { json } = await import('../../lambdas/api/http/request.ts');
const { logger } = await import('../../lambdas/platform/log.ts');
const { MasterKey } = await import('../../lambdas/platform/master-key.ts');
const { AccountStore } = await import('../../lambdas/platform/stores/accounts.ts');
afterAll(() => aws.stop());

let at = 1_700_000_000_000;
const handler = apiHandler(
  [
    {
      path: '/broken.json',
      methods: { GET: () => Promise.reject(new Error('the password of the database is hunter2')) },
    },
    {
      path: '/{accountSid}/{thing}.json',
      methods: {
        async GET({ parameters, account }) {
          at += 1_250;
          return json(200, { ...parameters, account: account.sid });
        },
      },
    },
  ],
  {
    accounts: new AccountStore('switchboard', ROOT_ACCOUNT_SID),
    masterKey: new MasterKey('master-key'),
    now: () => at,
  },
);

describe('apiHandler', () => {
  it('gives the parts of the path and the account to the handler, and times it', async () => {
    const { status, headers, body } = await call(handler, { path: `/${ROOT_ACCOUNT_SID}/X1.json` });
    expect(status).toBe(200);
    expect(body).toEqual({ accountSid: ROOT_ACCOUNT_SID, thing: 'X1', account: ROOT_ACCOUNT_SID });
    expect(headers).toMatchObject({
      'content-type': 'application/json',
      // The time is the beginning of the SID, as of every other.
      'twilio-request-id': expect.stringMatching(/^RQ018bcfe56800[0-9a-f]{20}$/),
      'twilio-request-duration': '1.250',
    });
  });

  it('answers 500 without details when something unexpected is thrown, and logs it under the request’s SID', async () => {
    const log = vi.spyOn(logger, 'error');
    const { status, headers, body } = await call(handler, { path: '/broken.json' });
    expect({ status, body }).toEqual({
      status: 500,
      body: {
        code: 20500,
        message: 'An internal server error has occurred',
        more_info: 'https://www.twilio.com/docs/errors/20500',
        status: 500,
      },
    });
    expect(log).toHaveBeenCalledWith('unexpected error', {
      error: expect.any(Error),
      requestSid: headers['twilio-request-id'],
    });
  });

  it.each(['/broken', '/broken.jsonx', '/brokenxjson', '/a/b/c.json', '/%2e/x.json', '//x.json'])(
    'does not know %s',
    async (path) => {
      expect(await call(handler, { path })).toMatchObject({ status: 404, body: { code: 20404 } });
    },
  );

  it('takes user and password with a colon in the password, and refuses them as any wrong ones', async () => {
    const answer = await call(handler, { path: '/broken.json', credentials: `${ROOT_ACCOUNT_SID}:a:b` });
    expect(answer).toMatchObject({ status: 401, body: { code: 20003 } });
  });
});
