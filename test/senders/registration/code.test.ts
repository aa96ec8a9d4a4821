import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Workflow } from '../../../lambdas/domain/registration.ts';
import { TryAgain } from '../../../lambdas/senders/registration/errors.ts';
import { type Script, startProvider } from '../../support/provider.ts';
import { expectRefusal, failure, pathsOf, startBench, type TestNumber } from './support.ts';

/*
 * The code that a number receives: asked for, waited for, tried; from a device and from the Graph API, which a scripted server
 * plays.
 */

const bench = await startBench();
const other = await startProvider();
afterAll(() => Promise.all([bench.stop(), other.stop()]));
beforeEach(() => {
  other.requests.length = 0;
});

const SESSION = { token: 'session', expiresAt: '2099-01-01T00:00:00.000Z' };

/** A number that has come as far as its code. */
async function numberOf(workflow: Workflow): Promise<TestNumber> {
  const number = await bench.number({
    workflow,
    fields: { graphUrl: `${other.url}/v25.0`, url: other.url },
    secret: { session: SESSION, certificate: 'Y2VydA==', secrets: { password: 'p', appSecret: 's' } },
  });
  await number.change({ phoneNumberId: '6' });
  return number;
}

const deviceError = (details: string, { code = 1005, status = 400 } = {}): Script => ({
  status,
  body: { errors: [{ code, title: 'Access denied', details }] },
});
const graphError = (details: string, code = 136025): Script => ({
  status: 400,
  body: { error: { code, message: `(#${code}) Code error`, error_data: { details } } },
});
const health = (gateway_status: string): Script => ({ body: { health: { gateway_status } } });
const verification = (code_verification_status: string): Script => ({ body: { id: '6', code_verification_status } });

describe('RequestCode on a device', () => {
  it('gives the number in parts, the certificate, and a PIN only where one is in force', async () => {
    const number = await numberOf('device');
    other.script({ status: 202, body: { account: [{ vname: 'Shop' }] } });
    expect(await number.run('RequestCode')).toEqual({ outcome: 'sent' });
    const account = { cc: '1', phone_number: number.address.slice(1), cert: 'Y2VydA==', method: 'sms' };
    expect(JSON.parse(other.requests[0]?.body ?? '')).toEqual(account);
    await number.changeSecret({ pin: '123456' });
    await number.run('RequestCode');
    expect(JSON.parse(other.requests[1]?.body ?? '')).toEqual({ ...account, pin: '123456' });
    expect((await number.kept()).record?.code).toEqual({
      requestedAt: expect.any(String),
      method: 'sms',
      wrong: 0,
      resends: 0,
    });
  });

  it('knows a number that is registered already', async () => {
    const number = await numberOf('device');
    other.script({ status: 201, body: {} });
    expect(await number.run('RequestCode')).toEqual({ outcome: 'already-registered' });
    expect((await number.kept()).record).toMatchObject({ registeredAt: expect.any(String) });
  });

  it.each<[details: string, says: RegExp]>([
    ['The two-step PIN is missing or wrong.', /two-step verification.*configuration\.pin/],
    ['The certificate cannot be read.', /does not take the certificate.*fetches a new certificate/],
    ['Unknown error: blocked', /blocked the number/],
    ['Unknown error: biz_link_on_prem_reg_blocked', /no more numbers on containers.*Cloud API/],
    ['Unknown error: too_recent, wait 3600 seconds', /no further code.*wait 3600 seconds.*Wait as long/],
    ['Something new', /refused to send the verification code.*Something new/],
  ])('refuses, with what to do, where the device says "%s"', async (details, says) => {
    other.script(deviceError(details));
    await expectRefusal((await numberOf('device')).run('RequestCode'), says);
  });

  it('takes "too soon" as sent where a run that was cut off may have sent it', async () => {
    const number = await numberOf('device');
    other.script('hang up', deviceError('Unknown error: too_recent'));
    expect(await failure(number.run('RequestCode'))).toBeInstanceOf(TryAgain);
    expect(await number.run('RequestCode')).toEqual({ outcome: 'sent' });
    expect((await number.kept()).record?.code).toMatchObject({ resends: 0 });
  });

  it('is worth repeating while the device is not ready', async () => {
    other.script(deviceError('The coreapp is starting.', { code: 1011, status: 503 }));
    expect(await failure((await numberOf('device')).run('RequestCode'))).toBeInstanceOf(TryAgain);
  });
});

describe('RequestCode at the Graph API', () => {
  it('asks for a message or a call in the sender’s language, after it has looked whether one is needed', async () => {
    const number = await numberOf('cloud');
    await number.changeSender({
      fields: { ...(await number.kept()).sender?.fields, verificationMethod: 'voice', language: 'pt_BR' },
    });
    other.script(verification('NOT_VERIFIED'), { body: { success: true } });
    expect(await number.run('RequestCode')).toEqual({ outcome: 'sent' });
    expect(pathsOf(other)).toEqual(['GET /v25.0/6', 'POST /v25.0/6/request_code']);
    expect(JSON.parse(other.requests[1]?.body ?? '')).toEqual({ code_method: 'VOICE', language: 'pt_BR' });
  });

  it('asks for none where the number is verified', async () => {
    other.script(verification('VERIFIED'));
    expect(await (await numberOf('cloud')).run('RequestCode')).toEqual({ outcome: 'already-registered' });
    expect(pathsOf(other)).toEqual(['GET /v25.0/6']);
  });

  it('says how long to wait where Meta sends no more', async () => {
    other.script(verification('NOT_VERIFIED'), graphError('Please wait 58 minutes.', 136024));
    await expectRefusal((await numberOf('cloud')).run('RequestCode'), /no further code.*58 minutes/);
  });
});

describe('A code that is sent again', () => {
  it('goes the way that was asked for, five times and no more', async () => {
    const number = await numberOf('device');
    other.script({ status: 202, body: {} });
    await number.run('RequestCode');
    for (let resends = 1; resends <= 5; resends += 1) {
      await number.run('WaitForCode', { taskToken: `token ${resends}` });
      await number.change({ code: { ...(await number.kept()).record?.code, method: 'voice' } as never });
      await number.run('RequestCode');
      const { code } = (await number.kept()).record ?? {};
      expect(code).toMatchObject({ method: 'voice', resends });
      // Nobody waits while a new one is sent.
      expect(code?.taskToken).toBeUndefined();
    }
    await number.run('WaitForCode', { taskToken: 'the last token' });
    await expectRefusal(number.run('RequestCode'), /sent 6 times/);
    expect(other.requests).toHaveLength(6);
    expect(JSON.parse(other.requests[1]?.body ?? '')).toMatchObject({ method: 'voice' });
  });
});

describe('WaitForCode', () => {
  it('can be answered before anybody sees that a code is wanted', async () => {
    const number = await numberOf('device');
    const { dependencies } = bench;
    const seen: unknown[] = [];
    bench.dependencies = {
      ...dependencies,
      senders: () => {
        const senders = dependencies.senders();
        return {
          get: senders.get.bind(senders),
          remove: senders.remove.bind(senders),
          change: async (...given) => {
            seen.push(given[1].status, (await number.kept()).record?.code?.taskToken);
            return senders.change(...given);
          },
        };
      },
    };
    await number.run('WaitForCode', { taskToken: 'a token' }).finally(() => {
      bench.dependencies = dependencies;
    });
    expect(seen).toEqual(['PENDING_VERIFICATION', 'a token']);
    // A repeated run has another token.
    await number.run('WaitForCode', { taskToken: 'another token' });
    expect((await number.kept()).record?.code?.taskToken).toBe('another token');
  });
});

describe.each<[workflow: Workflow, accepted: Script, wrong: Script[], expired: Script[], done: Script[]]>([
  [
    'device',
    { status: 201, body: {} },
    [deviceError('Wrong registration code.'), health('unregistered')],
    [deviceError('No registration code is outstanding.'), health('unregistered')],
    [deviceError('No registration code is outstanding.'), health('connecting')],
  ],
  [
    'cloud',
    { body: { success: true } },
    [graphError('The code is wrong.'), verification('NOT_VERIFIED')],
    [graphError('The code has expired. Request a new one.'), verification('NOT_VERIFIED')],
    [graphError('No code has been requested.'), verification('VERIFIED')],
  ],
])('VerifyCode (%s)', (workflow, accepted, wrong, expired, done) => {
  let number: TestNumber;
  beforeAll(async () => {
    number = await numberOf(workflow);
  });
  const given = async (code: string, ...scripts: Script[]) => {
    await number.run('WaitForCode', { taskToken: 'a token' });
    other.requests.length = 0;
    other.script(...scripts);
    return number.run('VerifyCode', { code });
  };
  const reasons = async () => (await number.kept()).sender?.offlineReasons?.map(({ message }) => message);

  it('counts wrong codes, once each, and says so', async () => {
    expect(await given('111111', ...wrong)).toEqual({ outcome: 'wrong' });
    expect(await reasons()).toEqual([expect.stringMatching(/VerifyCode: The code is wrong\. .*4 more/)]);
    other.script(...wrong);
    expect(await number.run('VerifyCode', { code: '111111' })).toEqual({ outcome: 'wrong' });
    const { code } = (await number.kept()).record ?? {};
    expect(code).toMatchObject({ wrong: 1 });
    // Nobody waits while it is tried.
    expect(code?.taskToken).toBeUndefined();
  });

  it('does not count an expired one', async () => {
    expect(await given('222222', ...expired)).toEqual({ outcome: 'expired' });
    expect((await number.kept()).record?.code).toMatchObject({ wrong: 1 });
    expect(await reasons()).toEqual([expect.stringMatching(/expired.*new one is on its way/)]);
  });

  it('takes a code as people write it', async () => {
    const fresh = number;
    number = await numberOf(workflow);
    expect(await given('123-456', accepted)).toEqual({ outcome: 'accepted' });
    expect(JSON.parse(other.requests[0]?.body ?? '')).toEqual({ code: '123456' });
    const { record, sender } = await number.kept();
    // A Cloud number is verified by now, and registered by another step.
    expect(record?.registeredAt).toEqual(workflow === 'device' ? expect.any(String) : undefined);
    expect(record?.code).toBeUndefined();
    expect(sender?.status).toBe('VERIFYING');
    // The run before was cut off after the other side had accepted it.
    other.script(...done);
    expect(await number.run('VerifyCode', { code: '123456' })).toEqual({ outcome: 'accepted' });
    number = fresh;
  });

  it('gives up after five wrong ones', async () => {
    for (const count of [2, 3, 4]) {
      expect(await given('333333', ...wrong)).toEqual({ outcome: 'wrong' });
      expect((await number.kept()).record?.code).toMatchObject({ wrong: count });
    }
    await expectRefusal(given('333333', ...wrong), /5 wrong codes.*Register the number again/);
  });

  it('is worth repeating when nobody answers, and shows the code to nobody', async () => {
    number = await numberOf(workflow);
    const error = await failure(given('987654', 'hang up'));
    expect(error).toBeInstanceOf(TryAgain);
    expect((error as Error).message).not.toContain('987654');
    expect(JSON.stringify(await number.kept())).not.toContain('987654');
  });
});
