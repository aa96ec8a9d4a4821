import twilio from 'twilio';
import { describe, expect, it } from 'vitest';
import { call, tokenOf } from '../support/api.ts';
import { ROOT_ACCOUNT_SID } from '../support/aws.ts';
import { ACCESS_TOKEN, startSendersApi } from '../support/senders-api.ts';

const api = await startSendersApi();
const { handler, numbers, state } = api;

describe('A number, from Twilio’s SDK', () => {
  const httpClient = {
    request: async ({ method, uri, data, params }: Record<string, unknown>) => {
      const { pathname } = new URL(String(uri));
      const query = new URLSearchParams((params ?? {}) as Record<string, string>);
      const { status, body } = await call(handler, {
        method: String(method).toUpperCase(),
        path: `${pathname}?${query}`,
        json: data ?? {},
      });
      return { statusCode: status, body, headers: {} };
    },
  };
  const client = twilio(ROOT_ACCOUNT_SID, tokenOf(ROOT_ACCOUNT_SID), { httpClient: httpClient as never });
  const senders = client.messaging.v2.channelsSenders;

  it('is registered with a code, changed, listed and removed', async () => {
    const letGo = api.hold('ReserveSender');
    const created = await senders.create({
      senderId: `whatsapp:+${state.number}`,
      configuration: { wabaId: '1000000001', verificationMethod: 'sms', accessToken: ACCESS_TOKEN, appSecret: 'x' },
      webhook: { callbackUrl: 'https://app.example/in' },
      profile: { name: 'Shop', logoUrl: 'https://shop.example/logo.png', emails: [{ email: 'shop@shop.example' }] },
    } as never);
    expect(created).toMatchObject({ status: 'CREATING', profile: { logoUrl: 'https://shop.example/logo.png' } });
    expect(created.configuration).toMatchObject({ wabaId: '1000000001', verificationMethod: 'sms' });
    const step = async () => (await senders(created.sid).fetch()).offlineReasons?.map(({ message }) => message);
    expect(await step()).toEqual([expect.stringContaining('ReserveSender: ')]);
    letGo();

    await state.wanted.promise;
    expect(await senders(created.sid).fetch()).toMatchObject({ status: 'PENDING_VERIFICATION' });
    expect(await step()).toEqual([expect.stringMatching(/^WaitForCode: .*verification_code/)]);
    const verifying = await senders(created.sid).update({ configuration: { verificationCode: '123-456' } } as never);
    expect(verifying).toMatchObject({ status: 'VERIFYING' });
    await numbers.over(created.sid);
    expect(state.answers).toEqual([{ action: 'verify', code: '123456' }]);
    expect(await senders(created.sid).fetch()).toMatchObject({ status: 'ONLINE', offlineReasons: null });

    const about = await senders(created.sid).update({ profile: { about: 'Closed' } } as never);
    expect(about).toMatchObject({ status: 'ONLINE:UPDATING', profile: { name: 'Shop', about: 'Closed' } });
    await numbers.over(created.sid);
    expect((await senders.list({ channel: 'whatsapp' })).map(({ sid, status }) => ({ sid, status }))).toContainEqual({
      sid: created.sid,
      status: 'ONLINE',
    });

    expect(await senders(created.sid).remove()).toBe(true);
    await expect(senders(created.sid).fetch()).rejects.toMatchObject({ status: 404 });
    expect((await senders.list({ channel: 'whatsapp' })).map(({ sid }) => sid)).not.toContain(created.sid);
    await numbers.over(created.sid);
    expect(numbers.executionsOf(created.sid)).toEqual([
      'RegisterCloudNumber SUCCEEDED',
      'UpdateNumber SUCCEEDED',
      'RetireNumber SUCCEEDED',
    ]);
  });
});
