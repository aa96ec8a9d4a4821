import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest';
import { TryAgain } from '../../../lambdas/senders/registration/errors.ts';
import { knownPin } from '../../../lambdas/senders/registration/pin.ts';
import { passwordProblem } from '../../../simulators/whatsapp/device/users.ts';
import type { SimulatorOptions } from '../../../simulators/whatsapp/options.ts';
import { type Simulator, startSimulator } from '../../../simulators/whatsapp/simulator.ts';
import { control, expectRefusal, failure, startBench, type TestNumber } from './support.ts';

/*
 * The steps that talk to a device, against the device simulator.
 */

const bench = await startBench();
afterAll(() => bench.stop());

const MINUTE_MS = 60_000;
const PASSWORD = 'Sandbox-1234';
let device: Simulator;
let began: number;
beforeEach(() => {
  began = bench.clock.now;
});
afterEach(async () => {
  bench.clock.now = began;
  await device.stop();
});

/** A number with a device of its own. */
async function start(options: SimulatorOptions, fields: Record<string, string> = {}): Promise<TestNumber> {
  device = await startSimulator({ connectDelayMs: 0, apiKey: 'health-key', ...options });
  return bench.number({
    workflow: 'device',
    fields: { url: device.url, ...fields },
    secret: { apiKey: 'health-key', certificate: 'Y2VydA==', secrets: { password: PASSWORD } },
  });
}

/** The same with the number registered on it. */
async function startRegistered(
  options: SimulatorOptions = {},
  fields: Record<string, string> = {},
): Promise<TestNumber> {
  const number = await start(options, fields);
  await number.run('LogIn');
  await number.run('RequestCode');
  await number.run('VerifyCode', { code: '123456' });
  await settle();
  return number;
}

const settle = () => control(device.url, 'POST', 'clock', { advanceMs: 1_000 });
const state = (changes: Record<string, unknown>) => control(device.url, 'PATCH', 'devices/first', changes);
const fault = (path: string, action: Record<string, unknown> | string, count = 1) =>
  control(device.url, 'POST', 'faults', { match: { path }, count, action });
describe('CreateDeviceSecrets', () => {
  it('makes what the containers take, each its own, and never anew', async () => {
    const number = await start({});
    await number.changeSecret({ apiKey: undefined, secrets: { accessToken: 'kept' } });
    await number.run('CreateDeviceSecrets');
    const { secret } = await number.kept();
    const { password = '', accessToken } = secret?.secrets ?? {};
    expect(passwordProblem(password)).toBeUndefined();
    expect(accessToken).toBe('kept');
    expect(passwordProblem(secret?.databasePassword ?? '')).toBeUndefined();
    expect(secret?.databasePassword).not.toMatch(/[?{}&~!()^='"\\]/);
    expect(secret?.jwtKey).toHaveLength(64);
    expect(secret?.apiKey).toMatch(/^.{12,128}$/);
    expect(new Set([password, secret?.databasePassword, secret?.jwtKey, secret?.apiKey]).size).toBe(4);
    await number.run('CreateDeviceSecrets');
    expect((await number.kept()).secret).toEqual(secret);
  });
});

describe('CheckDevice', () => {
  it.each<[what: string, break_: () => Promise<unknown>]>([
    ['initializing', () => state({ state: 'uninitialized' })],
    ['up without its core', () => state({ state: 'core_down' })],
    ['not there at all', () => device.stop()],
    ['without its database', () => state({ state: 'db_down' })],
  ])('waits for a device that is %s, for 15 minutes from its first look', async (_, break_) => {
    const number = await start({});
    await break_();
    expect(await number.run('CheckDevice')).toEqual({ outcome: 'starting', waitSeconds: 10 });
    bench.clock.now += 14 * MINUTE_MS;
    expect(await number.run('CheckDevice')).toEqual({ outcome: 'starting', waitSeconds: 10 });
    bench.clock.now += 2 * MINUTE_MS;
    await expectRefusal(number.run('CheckDevice'), /did not become healthy within 15 minutes: .*log group/);
  });

  it.each<[options: SimulatorOptions, fields: Record<string, string>, outcome: string]>([
    [{ mode: 'single' }, {}, 'healthy'],
    [{ mode: 'high-availability' }, { mode: 'high-availability' }, 'healthy'],
    [{ mode: 'multiconnect', coreapps: 4 }, { mode: 'multiconnect', shards: '4' }, 'healthy'],
    [{ mode: 'multiconnect', coreapps: 3 }, { mode: 'multiconnect', shards: '4' }, 'starting'],
  ])('finds %j wanted as %j %s', async (options, fields, outcome) => {
    expect(await (await start(options, fields)).run('CheckDevice')).toMatchObject({ outcome });
  });
});

describe('LogIn', () => {
  it('changes the first password, again logs in with the new one, and keeps the session', async () => {
    const number = await start({});
    await number.run('LogIn');
    const first = (await number.kept()).secret?.session;
    await number.run('LogIn');
    const second = (await number.kept()).secret?.session;
    expect(first?.token).toBeTruthy();
    expect(second?.token).not.toBe(first?.token);
    const lifeMs = Date.parse(second?.expiresAt ?? '') - Date.now();
    expect(lifeMs / 86_400_000).toBeCloseTo(7, 1);
  });

  it('refuses where somebody else has set another password', async () => {
    const number = await start({ adminPassword: 'Another-1234' });
    await expectRefusal(number.run('LogIn'), /refused to let the gateway log in/);
  });

  it('is not needed for a session that ended or was refused: the next step logs in by itself, and stores it', async () => {
    const number = await startRegistered();
    await number.changeSecret({ session: { token: 'stale', expiresAt: '2099-01-01T00:00:00.000Z' } });
    expect(await number.run('CheckConnected')).toEqual({ outcome: 'connected' });
    const { session } = (await number.kept()).secret ?? {};
    expect(session?.token).not.toBe('stale');
    await number.changeSecret({ session: { token: 'stale', expiresAt: '2020-01-01T00:00:00.000Z' } });
    expect(await number.run('CheckConnected')).toEqual({ outcome: 'connected' });
    expect((await number.kept()).secret?.session?.token).not.toBe('stale');
  });
});

describe('SetShards', () => {
  const CLUSTER: SimulatorOptions = { mode: 'multiconnect', coreapps: 5 };
  const fields = (shards: string) => ({ mode: 'multiconnect', shards });
  const shards = async () => (await control(device.url, 'GET', 'devices/first'))['shards'];

  it.each<[options: SimulatorOptions, fields: Record<string, string>, shards: number]>([
    [{ mode: 'single' }, {}, 1],
    [{ mode: 'high-availability' }, { mode: 'high-availability', shards: '8' }, 1],
    [CLUSTER, fields('4'), 4],
  ])('on %j wanted as %j sets %d', async (options, wanted, expected) => {
    const number = await startRegistered(options, wanted);
    expect(await number.run('SetShards')).toEqual({ outcome: 'done' });
    expect(await shards()).toBe(expected);
  });

  it('waits for a WhatsApp that is not available, and for coreapps that are still to come', async () => {
    const number = await startRegistered(CLUSTER, fields('4'));
    await state({ state: 'connecting' });
    expect(await failure(number.run('SetShards'))).toBeInstanceOf(TryAgain);
    await state({ state: 'connected', coreapps: 2 });
    const error = await failure(number.run('SetShards'));
    expect(error).toBeInstanceOf(TryAgain);
    expect((error as Error).message).toMatch(/4 shards/);
    await state({ coreapps: 5 });
    expect(await number.run('SetShards')).toEqual({ outcome: 'done' });
  });

  it('refuses with the device’s reason, and after a week for the number’s sake', async () => {
    const number = await startRegistered(CLUSTER, fields('2'));
    await number.run('SetTwoStepPin');
    await number.changeSecret({ pin: '000000' });
    const pins = await control(device.url, 'GET', 'devices/first');
    expect(pins['state']).toBe('connected');
    await expectRefusal(number.run('SetShards'), /PIN is missing or wrong.*configuration\.pin/);
    bench.clock.now += 8 * 86_400_000;
    await expectRefusal(number.run('SetShards'), /more than a week ago/);
    expect(await shards()).toBe(1);
  });

  it('touches no number that is spread as wanted already, however old', async () => {
    const number = await startRegistered(CLUSTER, fields('2'));
    await number.run('SetShards');
    bench.clock.now += 30 * 86_400_000;
    await settle();
    expect(await number.run('SetShards')).toEqual({ outcome: 'done' });
    expect(await shards()).toBe(2);
  });
});

describe('CheckConnected', () => {
  it('waits, at most 15 minutes, and says what is missing', async () => {
    const number = await startRegistered();
    await state({ state: 'connecting' });
    expect(await number.run('CheckConnected')).toEqual({ outcome: 'connecting', waitSeconds: 5 });
    await fault('/v1/health', 'down');
    expect(await number.run('CheckConnected')).toEqual({ outcome: 'connecting', waitSeconds: 5 });
    bench.clock.now += 16 * MINUTE_MS;
    await expectRefusal(number.run('CheckConnected'), /within 15 minutes: it is connecting\. See in WhatsApp Manager/);
  });
});

describe('SetTwoStepPin', () => {
  it.each([['246810'], [undefined]])('sets %s, or one that it makes and stores before', async (pin) => {
    const number = await startRegistered();
    await number.changeSecret({ pin });
    await fault('/v1/settings/account/two-step', 'down');
    expect(await failure(number.run('SetTwoStepPin'))).toBeInstanceOf(TryAgain);
    const stored = async () => knownPin((await number.kept()).secret ?? { secrets: {}, webhookSecret: '' });
    const first = await stored();
    expect(first).toMatch(pin ?? /^\d{6}$/);
    await number.run('SetTwoStepPin');
    expect(await stored()).toBe(first);
  });
});

describe('ConfigureDevice', () => {
  it('sends the settings of the channel’s spec, and refuses with the device’s words', async () => {
    const number = await startRegistered();
    await number.run('ConfigureDevice');
    const { token = '' } = (await number.kept()).secret?.session ?? {};
    const settings = await fetch(`${device.url}/v1/settings/application`, {
      headers: { authorization: `Bearer ${token}` },
    });
    expect(await settings.json()).toMatchObject({
      settings: {
        application: { webhooks: { url: expect.stringContaining('/webhooks/whatsapp/') }, sent_status: false },
      },
    });
    await fault('/v1/settings/application', { httpStatus: 400, errorCode: 1009, details: 'must be an https:// URL' });
    await expectRefusal(number.run('ConfigureDevice'), /refused to set the webhook.*https:\/\/ URL/);
  });
});
