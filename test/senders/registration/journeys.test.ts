import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readSpec } from '../../../lambdas/channels/read-yaml.ts';
import { TryAgain } from '../../../lambdas/senders/registration/errors.ts';
import type { StepResult } from '../../../lambdas/senders/registration/job.ts';
import { knownPin } from '../../../lambdas/senders/registration/pin.ts';
import { startGraphSimulator } from '../../../simulators/graph/simulator.ts';
import { startSimulator } from '../../../simulators/whatsapp/simulator.ts';
import { ROOT_ACCOUNT_SID } from '../../support/aws.ts';
import { cutOffEverywhere } from './cut-off.ts';
import { control, startBench, type TestNumber } from './support.ts';

/*
 * Whole registrations, step by step against the simulators, once as they should go and once with every step cut off after
 * each of its effects and run again: both must end the same.
 */

const bench = await startBench();
const graph = await startGraphSimulator({ approvalDelayMs: 'never' });
const PICTURE = Buffer.from('89504e470d0a1a0a', 'hex');
const pictures = createServer((_, response) => response.writeHead(200, { 'content-type': 'image/png' }).end(PICTURE));
await new Promise<void>((resolve) => pictures.listen(0, '127.0.0.1', resolve));
const logoUrl = `http://127.0.0.1:${(pictures.address() as AddressInfo).port}/logo.png`;
const graphUrl = `${graph.url}/v25.0`;

afterAll(async () => {
  pictures.close();
  await Promise.all([bench.stop(), graph.stop()]);
});

const profile = {
  about: 'Open till late',
  address: '1 High Street',
  description: 'A shop',
  vertical: 'Shopping and Retail',
  emails: [{ email: 'shop@example.com' }],
  websites: [{ website: 'https://shop.example' }],
};

type Run = (number: TestNumber, step: string, given?: Parameters<TestNumber['run']>[1]) => Promise<StepResult>;

const WAYS: [how: string, run: Run][] = [
  ['as it should go', (number, step, given) => number.run(step, given)],
  [
    'cut off everywhere',
    async (number, step, given) => (await cutOffEverywhere(bench, () => number.run(step, given))).result,
  ],
];

/** Runs steps that each have to answer one word. */
async function go(run: Run, number: TestNumber, steps: [step: string, outcome?: string][]): Promise<void> {
  for (const [step, outcome = 'done'] of steps) {
    const given = step === 'WaitForCode' ? { taskToken: 'a token' } : {};
    expect({ step, ...(await run(number, step, given)) }).toEqual({ step, outcome });
  }
}

const META_SIDE: [string, string?][] = [
  ['ReserveSender'],
  ['CheckBusinessAccess'],
  ['AddPhoneNumber'],
  ['SubmitTemplates'],
];
const approve = (number: TestNumber) =>
  control(graph.url, 'PATCH', `numbers/${number.address}`, { nameStatus: 'APPROVED' });

describe.each(WAYS)('A Cloud number, %s', (_, run) => {
  it('is added, verified, registered, subscribed and shown, and gets what its channel asks for', async () => {
    const number = await bench.number({
      workflow: 'cloud',
      fields: { graphUrl },
      secret: { secrets: { appSecret: 'sandbox-app-secret' } },
    });
    await number.changeSender({ profile });
    await go(run, number, [...META_SIDE, ['RequestCode', 'sent'], ['WaitForCode']]);
    expect(await number.kept()).toMatchObject({
      sender: { status: 'PENDING_VERIFICATION' },
      record: { step: 'WaitForCode', code: { taskToken: 'a token', method: 'sms', wrong: 0, resends: 0 } },
    });
    const { codes } = await control<{ codes: { text: string }[] }>(graph.url, 'GET', `numbers/${number.address}/codes`);
    expect(await run(number, 'VerifyCode', { code: codes.at(-1)?.text ?? '' })).toEqual({ outcome: 'accepted' });
    expect((await number.kept()).sender?.status).toBe('VERIFYING');
    await go(run, number, [['RegisterNumber'], ['SubscribeApp'], ['SetProfile'], ['GoOnline']]);

    const { sender, record, secret } = await number.kept();
    expect(sender).toMatchObject({ status: 'ONLINE' });
    expect(sender?.offlineReasons).toBeUndefined();
    expect(record).toMatchObject({ state: 'done', addedPhoneNumber: true, registeredAt: expect.any(String) });
    expect(record?.code).toBeUndefined();
    const there = await control(graph.url, 'GET', `numbers/${number.address}`);
    expect(there).toMatchObject({
      id: record?.phoneNumberId,
      status: 'CONNECTED',
      verified_name: 'Shop',
      pin: secret && knownPin(secret),
      profile: { about: 'Open till late', vertical: 'RETAIL', email: 'shop@example.com' },
    });
    const { registration } = readSpec('whatsapp-cloud').channel;
    for (const [names, values] of [
      [registration.fields, sender?.fields],
      [registration.secrets, secret?.secrets],
    ]) {
      const needed = Object.entries(names ?? {}).filter(([, input]) => (input as { required: boolean }).required);
      expect(Object.keys(values ?? {})).toEqual(expect.arrayContaining(needed.map(([name]) => name)));
    }
    expect(sender?.fields).toMatchObject({ url: graph.url, version: 'v25.0', phoneNumberId: there['id'] });
    expect(secret?.secrets).toMatchObject({ token: 'sandbox-access-token', appSecret: 'sandbox-app-secret' });
    expect(secret?.secrets['accessToken']).toBeUndefined();
    const numbers = await fetch(`${graphUrl}/1000000001/phone_numbers`, {
      headers: { authorization: 'Bearer sandbox-access-token' },
    }).then((answer) => answer.json() as Promise<{ data: { display_phone_number: string }[] }>);
    expect(numbers.data.filter((one) => one.display_phone_number.endsWith(number.address))).toHaveLength(1);

    await number.change({ state: 'retiring', supersededArn: 'arn' });
    await go(run, number, [['StopRegistration', 'stopped'], ['Deregister', 'cloud'], ['ReleasePhoneNumber']]);
    await go(run, number, [['DeleteSender']]);
    expect(await control(graph.url, 'GET', `numbers/${number.address}`)).toMatchObject({ status: 'PENDING' });
    expect(await number.kept()).toEqual({ sender: undefined, record: undefined, secret: undefined });
    // Its PIN has gone with it, and is no obstacle.
    const again = await bench.number({
      workflow: 'cloud',
      address: number.address,
      fields: { graphUrl },
      secret: { secrets: { appSecret: 'sandbox-app-secret' } },
    });
    await go(run, again, [...META_SIDE, ['RequestCode', 'already-registered'], ['RegisterNumber'], ['SubscribeApp']]);
    await go(run, again, [['SetProfile'], ['GoOnline']]);
    expect((await again.kept()).sender).toMatchObject({ status: 'ONLINE' });
    expect((await again.kept()).record).toMatchObject({ addedPhoneNumber: false });
  });
});

describe.each(WAYS)('A device, %s', (_, run) => {
  let device: Awaited<ReturnType<typeof startSimulator>>;
  beforeAll(async () => {
    device = await startSimulator({ connectDelayMs: 1, mode: 'multiconnect', coreapps: 3, apiKey: 'health-key' });
  });
  afterAll(() => device.stop());

  /** What answers "not yet" is repeated by the state machine; here with the simulator's clock moved on. */
  const patiently: Run = async (number, step, given) => {
    try {
      return await run(number, step, given);
    } catch (error) {
      if (!(error instanceof TryAgain)) throw error;
      await control(device.url, 'POST', 'clock', { advanceMs: 1_000 });
      return run(number, step, given);
    }
  };

  it('is approved, started, registered, spread, protected, configured and shown', async () => {
    const number = await bench.number({
      workflow: 'device',
      fields: { graphUrl, mode: 'multiconnect', shards: '2', verificationMethod: 'voice' },
      secret: { apiKey: 'health-key' },
    });
    await number.changeSender({ profile: { ...profile, logoUrl } });
    await go(run, number, [...META_SIDE]);
    expect(await run(number, 'CheckDisplayName')).toEqual({ outcome: 'pending', waitSeconds: 30 });
    expect((await number.kept()).sender?.status).toBe('TWILIO_REVIEW');
    await approve(number);
    await go(run, number, [['CheckDisplayName', 'approved'], ['FetchCertificate'], ['CreateDeviceSecrets']]);
    expect((await number.kept()).sender?.status).toBe('CREATING');
    const made = (await number.kept()).secret;
    // The fleet's part.
    const { DeviceStore } = await import('../../../lambdas/platform/stores/devices.ts');
    const devices = new DeviceStore('switchboard');
    await devices.ensure({
      senderSid: number.sid,
      accountSid: ROOT_ACCOUNT_SID,
      url: device.url,
      mode: 'multiconnect',
      shards: 2,
      registries: {},
      definitions: {},
      createdAt: new Date().toISOString(),
    });
    await go(run, number, [['CheckDevice', 'healthy'], ['LogIn'], ['RequestCode', 'sent'], ['WaitForCode']]);
    expect((await number.kept()).record?.code).toMatchObject({ method: 'voice', resends: 0 });
    expect(await run(number, 'VerifyCode', { code: '123-456' })).toEqual({ outcome: 'accepted' });
    await go(patiently, number, [['SetShards']]);
    await control(device.url, 'POST', 'clock', { advanceMs: 1_000 });
    await go(run, number, [['CheckConnected', 'connected'], ['SetTwoStepPin'], ['ConfigureDevice'], ['SetProfile']]);
    await go(run, number, [['GoOnline']]);

    const { sender, record, secret } = await number.kept();
    expect(sender).toMatchObject({ status: 'ONLINE', fields: { url: device.url, username: 'admin' } });
    expect(sender?.offlineReasons).toBeUndefined();
    expect(record).toMatchObject({ state: 'done', certificateFetched: true, registeredAt: expect.any(String) });
    // Made once, however often.
    const generatedPin = expect.stringMatching(/^\d{6}$/);
    expect(secret).toMatchObject({ ...made, secrets: { ...made?.secrets, generatedPin } });
    expect(await devices.get(number.sid)).toMatchObject({ shardsInForce: 2 });

    expect(await control(device.url, 'GET', `devices/${number.address}`)).toMatchObject({
      state: 'connected',
      shards: 2,
      webhookUrl: `${bench.dependencies.webhookBaseUrl}/webhooks/whatsapp/${ROOT_ACCOUNT_SID}/${number.sid}/webhook-secret`,
    });
    const authorization = `Bearer ${secret?.session?.token}`;
    const photo = await fetch(`${device.url}/v1/settings/profile/photo`, { headers: { authorization } });
    expect(Buffer.from(await photo.arrayBuffer())).toEqual(PICTURE);
    const about = await fetch(`${device.url}/v1/settings/profile/about`, { headers: { authorization } });
    expect(await about.json()).toMatchObject({ settings: { profile: { about: { text: 'Open till late' } } } });
  });
});
