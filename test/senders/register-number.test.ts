import { describe, expect, it, vi } from 'vitest';
import { call } from '../support/api.ts';
import { ROOT_ACCOUNT_SID } from '../support/aws.ts';
import { ACCESS_TOKEN, code, passTime, refusal, SENDERS, startSendersApi } from '../support/senders-api.ts';

const api = await startSendersApi();
const { aws, change, cloud, device, get, numbers, post, record, registrations, senders, state, steps, waiting } = api;

describe('Registering a number', () => {
  it('is started with what was asked for, and keeps secrets where secrets belong', async () => {
    const { body, status } = await post(cloud());
    expect(status).toBe(202);
    expect(body).toMatchObject({
      sender_id: `whatsapp:+${state.number}`,
      configuration: { waba_id: '1000000001', verification_method: 'sms', verification_code: null },
      profile: { name: 'Shop', about: 'Open all day', websites: [{ website: 'https://shop.example', label: 'Shop' }] },
    });
    await state.wanted.promise;
    const secret = aws.secrets.store.read(`senders/${body['sid']}`, {}).version.secretString ?? '';
    expect(JSON.parse(secret)).toEqual({
      secrets: { accessToken: ACCESS_TOKEN, appSecret: 'app-secret' },
      pin: '246810',
      webhookSecret: expect.stringMatching(/^[\w-]{32}$/),
    });
    const kept = JSON.stringify([await aws.items(), body]);
    for (const word of [ACCESS_TOKEN, 'app-secret', '246810']) expect(kept).not.toContain(word);
    expect(await registrations.get(String(body['sid']))).toMatchObject({
      workflow: 'cloud',
      attempt: 1,
      state: 'running',
      executionArn: expect.stringMatching(/:execution:RegisterCloudNumber:XE\w+-1$/),
    });
    expect(await registrations.underWay()).toContainEqual({ accountSid: ROOT_ACCOUNT_SID, senderSid: body['sid'] });
  });

  it('on a device has the mode and shards that were asked for', async () => {
    const sid = await waiting(device({ mode: 'multiconnect', shards: 8 }));
    expect(numbers.executionsOf(sid)).toEqual(['RegisterDevice RUNNING']);
    expect(await get(sid)).toMatchObject({
      body: {
        configuration: { mode: 'multiconnect', shards: '8', graph_url: 'https://graph.facebook.com/v25.0' },
        properties: { registration_step: 'WaitForCode' },
      },
    });
  });

  it.each<[why: string, json: () => object, says: string[]]>([
    ['no access token', () => device({ access_token: '' }), ['configuration.accessToken: is missing']],
    ['no name', () => cloud({ profile: { about: 'x' } }), ['profile.name: is missing']],
    ['a PIN of five digits', () => device({ pin: '12345' }), ['configuration.pin: is not valid .*six digits']],
    ['three shards', () => device({ mode: 'multiconnect', shards: 3 }), ['configuration.shards: must be one of 1, 2']],
    ['shards on a single device', () => device({ shards: '4' }), ['configuration.shards: is 4', 'multiconnect']],
    ['another mode', () => device({ mode: 'double' }), ['configuration.mode: must be one of single, ']],
    ['a method of its own', () => device({ verification_method: 'fax' }), ['Method: must be one of sms, voice']],
    ['a private logo', () => cloud({ profile: { name: 'x', logo_url: 'http://10.0.0.1/' } }), ['profile.logo_url']],
    ['a long about', () => cloud({ profile: { name: 'x', about: 'x'.repeat(140) } }), ['profile.about', '139']],
  ])('with %s is refused, and nothing is kept', async (_why, json, says) => {
    const before = await aws.items();
    expect(await post(json())).toMatchObject(refusal(400, ...says));
    expect(await aws.items()).toEqual(before);
  });

  it.each<[string, configuration: object, nearest: string]>([
    [
      'as Twilio’s own',
      { waba_id: '1' },
      'configuration.accessToken: .*a number that the gateway registers on whatsapp ',
    ],
    ['with an app secret', { waba_id: '1', app_secret: 'x' }, 'accessToken: .* registers on whatsapp-cloud '],
    ['of a device', { url: 'https://device.example' }, 'configuration.password: .*this is what whatsapp needs'],
    [
      'of a Cloud number',
      { phone_number_id: '1', waba_id: '2', token: 't', app_secret: 's' },
      'verifyToken: .*-cloud ',
    ],
  ])(
    'with a configuration %s is told what is missing for what it comes nearest to',
    async (_why, configuration, says) => {
      expect(await post(cloud({ configuration, profile: { name: 'Shop' } }))).toMatchObject(refusal(400, says));
    },
  );

  it('on a device is refused where the gateway runs none, with what can be done', async () => {
    vi.resetModules();
    const name = 'REGISTER_DEVICE_STATE_MACHINE_ARN';
    const arn = process.env[name];
    delete process.env[name];
    try {
      const { handler: withoutFleet } = await import('../../lambdas/senders/senders.lambda.ts');
      const answer = await call(withoutFleet, { method: 'POST', path: SENDERS, json: device() });
      expect(answer).toMatchObject(refusal(400, 'runs no devices', 'fleet.devices', 'url and password'));
      expect(await call(withoutFleet, { method: 'POST', path: SENDERS, json: cloud() })).toMatchObject({ status: 202 });
      await state.wanted.promise;
    } finally {
      process.env[name] = arn;
    }
  });

  it('twice at once is done once', async () => {
    const both = await Promise.all([post(cloud()), post(cloud())]);
    expect(both.map(({ status }) => status).sort()).toEqual([202, 409]);
    expect(both.find(({ status }) => status === 409)).toMatchObject(refusal(409, 'sender_id', 'regist'));
    const sid = both.find(({ status }) => status === 202)?.body['sid'];
    await state.wanted.promise;
    expect(numbers.executionsOf(String(sid))).toEqual(['RegisterCloudNumber RUNNING']);
  });

  it('on two channels at once is done on one at most', async () => {
    const both = await Promise.all([post(cloud()), post(device())]);
    const won = both.filter(({ status }) => status === 202);
    expect(won.length).toBeLessThan(2);
    expect(both.filter((answer) => !won.includes(answer)).map(({ status }) => status)).not.toContain(500);
    const kept = (await api.aws.items()).filter(({ address }) => address === String(state.number));
    expect(kept.map(({ sid }) => sid)).toEqual(won.map(({ body }) => body['sid']));
  });

  it('that is deleted while it begins leaves nothing behind', async () => {
    const store = Object.getPrototypeOf(registrations) as typeof registrations;
    let sid = '';
    // The whole removal happens between two lines of the request.
    vi.spyOn(store, 'put').mockImplementationOnce(async ({ accountSid, senderSid }) => {
      sid = senderSid;
      const sender = await senders().get(accountSid, senderSid);
      if (sender) await senders().remove(sender);
      return true;
    });
    expect(await post(cloud())).toMatchObject(refusal(409, 'has just been deleted'));
    expect(() => api.aws.secrets.store.read(`senders/${sid}`, {})).toThrow();
    expect((await api.aws.items()).filter((item) => JSON.stringify(item).includes(sid))).toEqual([]);
    expect(numbers.executionsOf(sid)).toEqual([]);
  });

  it('is refused while it is being done, and when it is done, with what has the number', async () => {
    const sid = await waiting(cloud());
    expect(await post(cloud())).toMatchObject(refusal(409, `is being registered as ${sid}, at the step WaitForCode`));
    await post(code('123456'), sid);
    await numbers.over(sid);
    expect(await post(cloud())).toMatchObject(refusal(409, `already registered as ${sid}`));
    expect(await post(device())).toMatchObject(refusal(409, `already registered as ${sid}; delete that sender first`));
  });

  it('that was cut off before it started is taken up by asking again', async () => {
    const start = api.breakStart();
    expect(await post(cloud())).toMatchObject({ status: 500 });
    start.mockRestore();
    expect(await post(cloud())).toMatchObject(refusal(409, 'has just begun; if that was cut off, try again in 3'));
    passTime(36_000);
    const sid = await waiting(cloud());
    expect(numbers.executionsOf(sid)).toEqual(['RegisterCloudNumber RUNNING']);
    expect((await aws.items()).filter(({ address }) => address === String(state.number))).toHaveLength(1);
  });

  it('that has failed starts anew under the same SID, with what was made up the first time', async () => {
    steps['VerifyCode'] = async (event) => {
      await change(event, {
        status: 'OFFLINE',
        offlineReasons: [{ code: '63111', message: 'VerifyCode: Five wrong codes. Try again.', moreInfo: 'https://x' }],
      });
      await record(event, { state: 'failed', phoneNumberId: '77', addedPhoneNumber: true });
      throw new Error('refused');
    };
    const sid = await waiting(cloud());
    await post(code('123456'), sid);
    await numbers.over(sid);
    expect(await get(sid)).toMatchObject({
      body: {
        status: 'OFFLINE',
        offline_reasons: [{ code: '63111', message: expect.stringContaining('VerifyCode'), more_info: 'https://x' }],
      },
    });
    expect(await post(code('123456'), sid)).toMatchObject(refusal(409, 'has failed', 'register the number again'));

    const secretOf = () => JSON.parse(aws.secrets.store.read(`senders/${sid}`, {}).version.secretString ?? '');
    const { webhookSecret } = secretOf();
    state.wanted = Promise.withResolvers<void>();
    const { configuration } = cloud();
    expect(await waiting(cloud({ configuration: { ...configuration, pin: '', access_token: 'new' } }))).toBe(sid);
    expect(secretOf()).toMatchObject({ webhookSecret, pin: '246810', secrets: { accessToken: 'new' } });
    expect(await registrations.get(sid)).toMatchObject({ attempt: 2, phoneNumberId: '77', addedPhoneNumber: true });
    expect(numbers.executionsOf(sid)).toEqual(['RegisterCloudNumber FAILED', 'RegisterCloudNumber RUNNING']);
    expect((await get(sid)).body['offline_reasons']).toHaveLength(1);
  });

  it('is refused to another account, which learns nothing of who has it', async () => {
    const sid = await waiting(cloud());
    const sender = await senders().get(ROOT_ACCOUNT_SID, sid);
    if (!sender) throw new Error('There is no sender.');
    await senders().remove(sender);
    await senders().create({ ...sender, accountSid: `AC${'2'.repeat(32)}` });
    const { status, body } = await post(cloud());
    expect({ status, body }).toMatchObject(refusal(409, 'is already registered$'));
    expect(JSON.stringify(body)).not.toContain(sid);
  });
});
