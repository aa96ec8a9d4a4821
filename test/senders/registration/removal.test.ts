import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { RegistrationRefused, TryAgain } from '../../../lambdas/senders/registration/errors.ts';
import { runStep } from '../../../lambdas/senders/registration/run-step.ts';
import { startSimulator } from '../../../simulators/whatsapp/simulator.ts';
import { ROOT_ACCOUNT_SID } from '../../support/aws.ts';
import { type Script, startProvider } from '../../support/provider.ts';
import { control, EXECUTION, failure, pathsOf, startBench, type TestNumber } from './support.ts';

/*
 * How a sender is removed.
 */

const bench = await startBench();
const meta = await startProvider();
afterAll(() => Promise.all([bench.stop(), meta.stop()]));
beforeEach(() => {
  meta.requests.length = 0;
});

const OTHER = EXECUTION.replace(/1$/, '2');
const FIELDS = { graphUrl: `${meta.url}/v25.0` };
const OK: Script = { body: {} };
const device = (fields: Record<string, string> = {}) =>
  bench.number({ workflow: 'device', fields: { ...FIELDS, ...fields } });
const reasons = async (number: TestNumber) =>
  (await number.kept()).sender?.offlineReasons?.map(({ message }) => message);

describe('StopRegistration', () => {
  it('stops what ran before, and waits until it does no more', async () => {
    const number = await device();
    await number.change({ state: 'retiring', supersededArn: OTHER });
    const stopped: string[] = [];
    const statuses = ['RUNNING', 'ABORTED'];
    const { dependencies } = bench;
    bench.dependencies = {
      ...dependencies,
      executions: { stop: async (arn) => void stopped.push(arn), status: async () => statuses.shift() },
    };
    try {
      expect(await number.run('StopRegistration')).toEqual({ outcome: 'stopping', waitSeconds: 2 });
      expect(await number.run('StopRegistration')).toEqual({ outcome: 'stopped' });
      expect(await number.run('StopRegistration')).toEqual({ outcome: 'stopped' });
    } finally {
      bench.dependencies = dependencies;
    }
    expect(stopped).toEqual([OTHER, OTHER]);
    expect((await number.kept()).record?.supersededArn).toBeUndefined();
  });
});

describe('Deregister', () => {
  it('takes webhook and PIN off a device and logs out', async () => {
    const simulator = await startSimulator({ connectDelayMs: 0 });
    const number = await device({ url: simulator.url });
    await number.changeSecret({ certificate: 'Y2VydA==', secrets: { password: 'Sandbox-1234' } });
    for (const step of ['LogIn', 'RequestCode', 'VerifyCode', 'SetTwoStepPin', 'ConfigureDevice']) {
      await number.run(step, { code: '123456' });
    }
    await number.change({ state: 'retiring' });
    for (let times = 0; times < 2; times += 1) expect(await number.run('Deregister')).toEqual({ outcome: 'device' });
    expect(await control(simulator.url, 'GET', 'devices/first')).toMatchObject({ webhookUrl: null });
    // Registered anew without the PIN.
    await control(simulator.url, 'PATCH', 'devices/first', { state: 'unregistered' });
    await number.changeSecret({ secrets: { password: 'Sandbox-1234' } });
    expect(await number.run('RequestCode')).toEqual({ outcome: 'sent' });
    await simulator.stop();
  });

  it('leaves a customer’s own PIN in force', async () => {
    const simulator = await startSimulator({ connectDelayMs: 0 });
    const number = await device({ url: simulator.url });
    await number.changeSecret({ pin: '123456', certificate: 'Y2VydA==', secrets: { password: 'Sandbox-1234' } });
    for (const step of ['LogIn', 'RequestCode', 'VerifyCode', 'SetTwoStepPin', 'Deregister']) {
      await number.run(step, { code: '123456' });
    }
    await control(simulator.url, 'PATCH', 'devices/first', { state: 'unregistered' });
    await number.changeSecret({ pin: undefined });
    expect(String(await failure(number.run('RequestCode')))).toMatch(/PIN is missing or wrong/);
    await simulator.stop();
  });

  it('takes the webhook off a Cloud number, as the channel’s spec says', async () => {
    const number = await bench.number({
      workflow: 'cloud',
      fields: { ...FIELDS, url: meta.url, version: 'v25.0', phoneNumberId: '6' },
      secret: { secrets: { appSecret: 'app-secret', token: 'token' } },
    });
    meta.script(OK);
    expect(await number.run('Deregister')).toEqual({ outcome: 'cloud' });
    expect(pathsOf(meta)).toEqual(['POST /v25.0/6']);
    expect(JSON.parse(meta.requests[0]?.body ?? '')).toEqual({ webhook_configuration: { override_callback_uri: '' } });
  });

  it.each<[what: string, fields: Record<string, string>]>([
    ['is gone', { url: 'http://127.0.0.1:1' }],
    ['never was', {}],
  ])('goes on with a device that %s', async (_, fields) => {
    const number = await device(fields);
    await number.changeSecret({ secrets: { password: 'p' } });
    expect(await number.run('Deregister')).toEqual({ outcome: 'device' });
  });

  it('asks a device once that does not answer, and one that refuses for everything', async () => {
    const number = await device({ url: meta.url });
    const session = { token: 'session', expiresAt: '2099-01-01T00:00:00.000Z' };
    await number.changeSecret({ session, secrets: { password: 'p', generatedPin: '123456' } });
    meta.script('hang up');
    await number.run('Deregister');
    expect(meta.requests).toHaveLength(1);
    meta.script({ status: 403, body: { errors: [{ code: 1005, title: 'Access denied' }] } });
    await number.run('Deregister');
    expect(meta.requests).toHaveLength(4);
  });

  it('has nothing to say for a sender that only had credentials', async () => {
    const number = await device();
    await number.changeSender({ workflow: undefined });
    expect(await number.run('Deregister')).toEqual({ outcome: 'none' });
  });
});

describe('ReleasePhoneNumber', () => {
  const added = async (changes: Parameters<TestNumber['change']>[0] = {}) => {
    const number = await bench.number({
      workflow: 'cloud',
      fields: FIELDS,
      secret: { secrets: { appSecret: 'app-secret' } },
    });
    const registeredAt = new Date(bench.clock.now).toISOString();
    await number.change({ phoneNumberId: '6', addedPhoneNumber: true, registeredAt, ...changes });
    return number;
  };

  it.each<[status: string, calls: string[]]>([
    ['CONNECTED', ['GET /v25.0/6', 'POST /v25.0/6/deregister']],
    ['PENDING', ['GET /v25.0/6']],
  ])('deregisters what it registered, and only while it is: %s', async (status, calls) => {
    meta.script({ body: { id: '6', status } }, OK);
    await (await added()).run('ReleasePhoneNumber');
    expect(pathsOf(meta)).toEqual(calls);
  });

  it('leaves alone what somebody else registered', async () => {
    await (await added({ registeredAt: undefined })).run('ReleasePhoneNumber');
    await (await added({ phoneNumberId: undefined })).run('ReleasePhoneNumber');
    expect(pathsOf(meta)).toEqual([]);
  });

  it('is not held up by a token that is no more, and is repeated while Meta does not answer', async () => {
    meta.script({ status: 401, body: { error: { code: 190, message: 'Revoked' } } });
    expect(await (await added()).run('ReleasePhoneNumber')).toEqual({ outcome: 'done' });
    meta.script('hang up');
    expect(await failure((await added()).run('ReleasePhoneNumber'))).toBeInstanceOf(TryAgain);
  });

  it('says once that the number stays in the account, where the sender stays', async () => {
    const number = await added({ state: 'failed', failure: { step: 'LogIn', message: 'm', action: 'a' } });
    meta.script({ body: { id: '6', status: 'PENDING' } });
    for (let times = 0; times < 2; times += 1) await number.run('ReleasePhoneNumber');
    expect(await reasons(number)).toEqual([
      expect.stringMatching(/added to the WhatsApp Business Account 1000000001.*stays/),
    ]);
  });
});

describe('DeleteSender', () => {
  const gone = async (number: TestNumber) => {
    expect(await number.kept()).toEqual({ sender: undefined, record: undefined, secret: undefined });
    const left = (await bench.aws.items()).filter((item) => JSON.stringify(item).includes(number.sid));
    expect(left).toEqual([]);
  };

  it('leaves nothing', async () => {
    const number = await device();
    const expiresAt = new Date(bench.clock.now + 7 * 86_400_000).toISOString();
    await number.changeSecret({ session: { token: 'session', expiresAt } });
    await number.run('GoOnline');
    await number.changeSender({ status: 'DELETING' });
    await number.run('DeleteSender');
    await gone(number);
  });

  it('leaves nothing either when it is cut off anywhere', async () => {
    const { cutOffEverywhere } = await import('./cut-off.ts');
    const number = await device();
    const { cuts } = await cutOffEverywhere(bench, () => number.run('DeleteSender'));
    expect(cuts).toBeGreaterThan(2);
    await gone(number);
  });

  it('is not done by an execution that is not the sender’s', async () => {
    const number = await device();
    const event = { accountSid: ROOT_ACCOUNT_SID, senderSid: number.sid, step: 'DeleteSender', executionArn: OTHER };
    expect(await failure(runStep(event, bench.dependencies))).toBeInstanceOf(RegistrationRefused);
    expect((await number.kept()).sender).toBeDefined();
  });
});
