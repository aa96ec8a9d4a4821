import type { Context } from 'aws-lambda';
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Device } from '../../lambdas/domain/device.ts';
import { ecsName } from '../../lambdas/domain/device-names.ts';
import type { Sender } from '../../lambdas/domain/sender.ts';
import { HOUR, type Reconciling, startReconciling } from './reconciling.ts';

let the: Reconciling;
beforeAll(async () => {
  the = await startReconciling();
});
afterAll(() => the.aws.stop());
// What one test leaves is no business of the next.
beforeEach(() => the.reset());

describe('a device that should run', () => {
  it('is left as it is when all is well, and asked with its own key', async () => {
    const sender = await the.onlineNumber();
    const before = [
      the.aws.resourcesOf(sender.sid),
      await the.aws.fleet.devices.get(sender.sid),
      the.service(sender, 'web').deployments,
    ];
    const findings = await the.reconcile();
    expect(findings).toEqual({
      DevicesDown: 0,
      DeviceRepairs: 0,
      OrphansRemoved: 0,
      StuckRegistrations: 0,
      ReconcileFailures: 0,
    });
    expect([
      the.aws.resourcesOf(sender.sid),
      await the.aws.fleet.devices.get(sender.sid),
      the.service(sender, 'web').deployments,
    ]).toEqual(before);
    expect(the.asked).toMatchObject([
      {
        method: 'GET',
        url: expect.stringMatching(/^http:\/\/web-xe.*:8080\/v1\/health$/),
        headers: { authorization: 'Apikey api-key-of-this-device' },
      },
    ]);
    expect(the.emitted).toEqual([findings]);
  });

  it.each([
    ['a service was deleted', (sender: Sender) => the.service(sender, 'coreapp').stop()],
    [
      'a service was scaled',
      async (sender: Sender) => {
        const coreapp = the.service(sender, 'coreapp');
        coreapp.update(coreapp.primary.definition, 0, false);
      },
    ],
    [
      'a service runs another task definition',
      async (sender: Sender) => {
        const web = the.service(sender, 'web');
        const { registered, tags } = web.primary.definition;
        web.update(the.aws.ecs.definitions.register({ ...registered, tags, cpu: '512' }), 1, false);
      },
    ],
    [
      'its limits let two sessions run',
      async (sender: Sender) => {
        the.service(sender, 'coreapp').description.deploymentConfiguration.maximumPercent = 200;
      },
    ],
    [
      'all of its task definitions were removed, and a service',
      async (sender: Sender) => {
        for (const role of ['web', 'coreapp'] as const)
          await the.aws.fleet.definitions.remove(ecsName(the.aws.settings, sender.sid, role));
        await the.service(sender, 'coreapp').stop();
      },
    ],
  ])('is repaired when %s', async (_, damage) => {
    const sender = await the.onlineNumber();
    const { definitions } = (await the.aws.fleet.devices.get(sender.sid)) as Device;
    await damage(sender);
    expect(await the.reconcile()).toMatchObject({ DeviceRepairs: 1, ReconcileFailures: 0 });
    for (const role of ['web', 'coreapp'] as const) {
      await expect.poll(() => the.service(sender, role).primary.rolloutState, { timeout: 10_000 }).toBe('COMPLETED');
      await expect.poll(() => the.service(sender, role).tasks().length, { timeout: 10_000 }).toBe(1);
      expect(the.service(sender, role).description.deploymentConfiguration).toMatchObject({ maximumPercent: 100 });
    }
    const again = await the.reconcile();
    expect(again.ReconcileFailures).toBe(0);
    const now = (await the.aws.fleet.devices.get(sender.sid)) as Device;
    expect(the.service(sender, 'coreapp').primary.definition.arn).toBe(now.definitions.coreapp);
    // A definition that is still there is used again; one that is gone is made again.
    const isThere = the.aws.ecs.definitions.list(undefined, 'ACTIVE').some(({ arn }) => arn === definitions.web);
    if (isThere) expect(the.service(sender, 'web').primary.definition.arn).toBe(definitions.web);
  });

  it('is not repaired for ever: what keeps being undone is reported', async () => {
    const sender = await the.onlineNumber();
    for (let run = 0; run < 6; run += 1) {
      const coreapp = the.service(sender, 'coreapp');
      coreapp.update(coreapp.primary.definition, 0, false);
      expect(await the.reconcile()).toMatchObject({ DeviceRepairs: 1 });
    }
    const coreapp = the.service(sender, 'coreapp');
    coreapp.update(coreapp.primary.definition, 0, false);
    expect(await the.reconcile()).toMatchObject({ DeviceRepairs: 0, ReconcileFailures: 1 });
    expect(coreapp.desiredCount).toBe(0);
    coreapp.update(coreapp.primary.definition, 1, false);
    expect(await the.reconcile()).toMatchObject({ ReconcileFailures: 0 });
    expect((await the.aws.fleet.devices.get(sender.sid))?.repairs).toBeUndefined();
  });

  it('follows its sender when a change of it was cut off', async () => {
    const sender = await the.onlineNumber({ mode: 'multiconnect', shards: '2' });
    await the.aws.fleet.devices.update(sender.sid, { shardsInForce: 1 });
    await the.aws.fleet.senders().change(sender, { fields: { mode: 'multiconnect', shards: '1' } });
    expect(await the.reconcile()).toMatchObject({ DeviceRepairs: 1 });
    expect(the.service(sender, 'coreapp').desiredCount).toBe(2);
  });

  it.each(['running', 'updating', 'retiring'] as const)(
    'is left to its state machine while that is %s',
    async (state) => {
      const sender = await the.onlineNumber();
      const record = await the.aws.fleet.registrations.get(sender.sid);
      if (!record) throw new Error('There is no record.');
      await the.aws.fleet.registrations.put({ ...record, state }, record);
      const coreapp = the.service(sender, 'coreapp');
      coreapp.update(coreapp.primary.definition, 0, false);
      expect(await the.reconcile({ later: 2 * HOUR })).toMatchObject({ DeviceRepairs: 0, StuckRegistrations: 0 });
      expect(coreapp.desiredCount).toBe(0);
    },
  );

  it('does not suffer from another one’s trouble', async () => {
    const broken = await the.onlineNumber();
    const well = await the.onlineNumber();
    await the.aws.fleet.senders().change(broken, { fields: { mode: 'nonsense' } });
    the.service(well, 'web').update(the.service(well, 'web').primary.definition, 0, false);
    expect(await the.reconcile()).toMatchObject({ DeviceRepairs: 1, ReconcileFailures: 1 });
    expect(the.service(well, 'web').desiredCount).toBe(1);
  });

  it('waits for the next run when the time is up', async () => {
    const sender = await the.onlineNumber();
    the.service(sender, 'web').update(the.service(sender, 'web').primary.definition, 0, false);
    expect(await the.reconcile({ remainingMs: 10_000 })).toMatchObject({ DeviceRepairs: 0, ReconcileFailures: 1 });
    expect(the.service(sender, 'web').desiredCount).toBe(0);
  });
});

it('the function runs it, with what its environment says, and reports counts', async () => {
  process.env['FLEET'] = JSON.stringify(the.aws.settings);
  const { handler } = await import('../../lambdas/maintenance/reconcile.lambda.ts');
  const context = { getRemainingTimeInMillis: () => 900_000 } as Context;
  const write = vi.spyOn(process.stdout, 'write').mockReturnValue(true);
  await handler({}, context);
  const lines = write.mock.calls.map(([line]) => String(line));
  write.mockRestore();
  expect(lines.filter((line) => line.includes('"_aws"'))).toHaveLength(1);
});
