import { afterAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { logger } from '../../../lambdas/platform/log.ts';
import { RegistrationRefused } from '../../../lambdas/senders/registration/errors.ts';
import { STEPS } from '../../../lambdas/senders/registration/steps.ts';
import { ROOT_ACCOUNT_SID } from '../../support/aws.ts';
import { startProvider } from '../../support/provider.ts';
import { EXECUTION, failure, pathsOf, startBench, type TestNumber } from './support.ts';

/*
 * How steps, registrations and updates begin and end.
 */

const bench = await startBench();
const meta = await startProvider();
const { handler } = await import('../../../lambdas/senders/register.lambda.ts');
afterAll(() => Promise.all([bench.stop(), meta.stop()]));
beforeEach(() => {
  meta.requests.length = 0;
});

const OTHER = EXECUTION.replace(/1$/, '2');
const FIELDS = { graphUrl: `${meta.url}/v25.0` };
const device = (fields: Record<string, string> = {}) =>
  bench.number({ workflow: 'device', fields: { ...FIELDS, ...fields } });
const reasons = async (number: TestNumber) =>
  (await number.kept()).sender?.offlineReasons?.map(({ message }) => message);

describe('A step', () => {
  it.each([...STEPS.keys()])('%s of another execution changes nothing', async (step) => {
    const number = await device();
    const before = await number.kept();
    const error = await failure(number.run(step, { executionArn: OTHER }));
    expect(error).toBeInstanceOf(RegistrationRefused);
    expect((error as Error).message).toMatch(/superseded/);
    expect(await number.kept()).toEqual(before);
  });

  it('is recorded before it does anything, with the time of its first look', async () => {
    const number = await device();
    await number.changeSender({ fields: {} });
    const began = bench.clock.now;
    expect(await failure(number.run('CheckBusinessAccess'))).toBeInstanceOf(Error);
    bench.clock.now = began + 60_000;
    expect(await failure(number.run('CheckBusinessAccess'))).toBeInstanceOf(Error);
    const { record } = await number.kept();
    expect(record).toMatchObject({ step: 'CheckBusinessAccess', stepStartedAt: new Date(began).toISOString() });
    bench.clock.now = began;
  });

  it('records nothing more once another execution has taken over in the middle of it', async () => {
    const number = await device();
    const { dependencies } = bench;
    meta.script({ body: { data: [] } });
    bench.dependencies = {
      ...dependencies,
      send: async (...given) => {
        const answer = await dependencies.send(...given);
        await number.change({ executionArn: OTHER });
        return answer;
      },
    };
    const error = await failure(number.run('SubmitTemplates'));
    bench.dependencies = dependencies;
    expect(String(error)).toMatch(/superseded/);
    expect((await number.kept()).record?.templates).toBeUndefined();
  });

  it('cannot bring back a sender that is being removed', async () => {
    const number = await device();
    await number.changeSender({ status: 'DELETING' });
    expect(await failure(number.run('GoOnline'))).toBeInstanceOf(RegistrationRefused);
    expect((await number.kept()).sender?.status).toBe('DELETING');
  });

  it('that nobody knows is refused', async () => {
    expect(await failure((await device()).run('Dance'))).toBeInstanceOf(RegistrationRefused);
  });

  it('is one line in the log, with neither secrets nor whole numbers', async () => {
    const number = await device();
    const lines: unknown[] = [];
    const spies = (['info', 'warn'] as const).map((level) =>
      vi.spyOn(logger, level).mockImplementation((...line) => void lines.push(line)),
    );
    await number.run('CreateDeviceSecrets');
    meta.script({ status: 400, body: { error: { code: 100, error_user_msg: `Not for +${number.address}` } } });
    expect(await failure(number.run('CheckBusinessAccess'))).toBeInstanceOf(RegistrationRefused);
    for (const spy of spies) spy.mockRestore();
    const line = (step: string, outcome: string) =>
      expect.objectContaining({ senderSid: number.sid, step, outcome, durationMs: expect.any(Number) });
    expect(lines).toEqual([
      ['step', line('CreateDeviceSecrets', 'done')],
      ['step', line('CheckBusinessAccess', 'refused')],
    ]);
    const { secret } = await number.kept();
    const hidden = [number.address, secret?.apiKey, secret?.databasePassword, ...Object.values(secret?.secrets ?? {})];
    for (const value of hidden) expect(JSON.stringify(lines)).not.toContain(value);
  });

  it('is what the function does with its event', async () => {
    const number = await device();
    const event = { step: 'CreateDeviceSecrets', accountSid: ROOT_ACCOUNT_SID, senderSid: number.sid };
    expect(await handler({ ...event, executionArn: EXECUTION })).toEqual({ outcome: 'done' });
    await expect(handler(event)).rejects.toThrow('executionArn');
  });
});

describe('ReserveSender', () => {
  it('begins anew, and not once the registration is over', async () => {
    const number = await device();
    await number.changeSender({ status: 'OFFLINE', offlineReasons: [{ code: '1', message: 'm', moreInfo: 'u' }] });
    await number.run('ReserveSender');
    expect((await number.kept()).sender).toMatchObject({ status: 'CREATING' });
    expect(await reasons(number)).toBeUndefined();
    await number.change({ state: 'done' });
    expect(await failure(number.run('ReserveSender'))).toBeInstanceOf(RegistrationRefused);
  });
});

describe('BeginUpdate', () => {
  const updating = async (before: Record<string, string>, after: Record<string, string>, shardsInForce = 1) => {
    const number = await device(after);
    await number.change({ state: 'updating', previous: { fields: { ...FIELDS, ...before }, profileName: 'Shop' } });
    const { DeviceStore } = await import('../../../lambdas/platform/stores/devices.ts');
    await new DeviceStore('switchboard').ensure({
      senderSid: number.sid,
      accountSid: ROOT_ACCOUNT_SID,
      url: 'http://device.internal',
      mode: 'single',
      shards: 1,
      shardsInForce,
      registries: {},
      definitions: {},
      createdAt: new Date().toISOString(),
    });
    return number;
  };
  const SINGLE = { mode: 'single', shards: '1' };
  const HA = { mode: 'high-availability', shards: '1' };
  const FOUR = { mode: 'multiconnect', shards: '4' };

  it.each<[before: Record<string, string>, after: Record<string, string>, outcome: string]>([
    [SINGLE, SINGLE, 'settings'],
    [SINGLE, HA, 'containers'],
    [HA, FOUR, 'containers'],
  ])('from %j to %j changes %s', async (before, after, outcome) => {
    const number = await updating(before, after);
    expect(await number.run('BeginUpdate')).toEqual({ outcome });
    expect((await number.kept()).sender?.status).toBe('ONLINE:UPDATING');
  });

  it('refuses other shards after a week, and a single device for several', async () => {
    const late = await updating(HA, FOUR);
    await late.change({ registeredAt: new Date(bench.clock.now - 8 * 86_400_000).toISOString() });
    expect(String(await failure(late.run('BeginUpdate')))).toMatch(/more than a week ago/);
    const spread = await updating(FOUR, SINGLE, 4);
    expect(String(await failure(spread.run('BeginUpdate')))).toMatch(/spread over 4 shards/);
  });
});

describe('BeginUpdate with another display name', () => {
  const renamed = async () => {
    const number = await device();
    const previous = { fields: FIELDS, profileName: 'Old shop' };
    await number.change({ state: 'updating', step: 'BeginUpdate', phoneNumberId: '6', previous });
    return number;
  };

  it('submits it to Meta, and says that it is reviewed until all else is done', async () => {
    const number = await renamed();
    meta.script({ body: { id: '6', verified_name: 'Old shop' } }, { body: { success: true } });
    expect(await number.run('BeginUpdate')).toEqual({ outcome: 'settings' });
    expect(pathsOf(meta)).toEqual(['GET /v25.0/6', 'POST /v25.0/6']);
    expect(JSON.parse(meta.requests[1]?.body ?? '')).toEqual({ new_display_name: 'Shop' });
    for (const step of ['SetProfile', 'GoOnline']) await number.run(step);
    const { sender } = await number.kept();
    expect(sender?.status).toBe('ONLINE');
    expect(sender?.offlineReasons?.map(({ message }) => message)).toEqual([
      expect.stringMatching(/^BeginUpdate: Meta reviews the new display name; people see "Old shop" until then\./),
    ]);
  });

  it('has nothing to do where it is in force, or has not changed', async () => {
    meta.script({ body: { id: '6', verified_name: 'Shop' } });
    await (await renamed()).run('BeginUpdate');
    const same = await device();
    await same.change({ state: 'updating', previous: { fields: FIELDS, profileName: 'Shop' } });
    await same.run('BeginUpdate');
    expect(pathsOf(meta)).toEqual(['GET /v25.0/6']);
  });

  it('goes back to the old one where Meta refuses it', async () => {
    const number = await renamed();
    meta.script(
      { body: { id: '6' } },
      { status: 400, body: { error: { code: 100, error_user_msg: 'No such names.' } } },
    );
    const error = await failure(number.run('BeginUpdate'));
    expect(String(error)).toMatch(/refused to take the new display name.*No such names/);
    const Cause = JSON.stringify({ errorMessage: (error as Error).message });
    await number.run('RecordFailure', { error: { Error: 'RegistrationRefused', Cause } });
    expect((await number.kept()).sender).toMatchObject({ status: 'ONLINE', profileName: 'Old shop' });
  });
});

describe('GoOnline', () => {
  it('has the session renewed from then on', async () => {
    const number = await device();
    const expiresAt = new Date(bench.clock.now + 7 * 86_400_000).toISOString();
    await number.changeSecret({ session: { token: 'session', expiresAt } });
    for (let times = 0; times < 2; times += 1) await number.run('GoOnline');
    const renewals = (await bench.aws.items()).filter(
      ({ senderSid, dueAt }) => senderSid === number.sid && dueAt !== undefined,
    );
    expect(renewals).toHaveLength(1);
    expect(renewals[0]).toMatchObject({ expiresAt });
    expect(await number.kept()).toMatchObject({ sender: { status: 'ONLINE' }, record: { state: 'done' } });
  });
});
