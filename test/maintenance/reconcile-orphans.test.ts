import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { deviceTags, ecsName } from '../../lambdas/domain/device-names.ts';
import type { Sender } from '../../lambdas/domain/sender.ts';
import { NOTHING } from '../fleet/aws.ts';
import { startDevice } from '../fleet/steps.ts';
import { HOUR, type Reconciling, startReconciling } from './reconciling.ts';

let the: Reconciling;
beforeAll(async () => {
  the = await startReconciling();
});
afterAll(() => the.aws.stop());
// What one test leaves is no business of the next.
beforeEach(() => the.reset());

describe('what is left of a sender that is gone', () => {
  it('is removed to the last of it after an hour, and not before', async () => {
    const sender = await the.onlineNumber({ mode: 'high-availability' });
    await the.forget(sender);
    expect(await the.reconcile()).toMatchObject({ OrphansRemoved: 0 });
    expect(the.aws.resourcesOf(sender.sid).services).toHaveLength(3);
    await the.reconcileUntilClean(2 * HOUR);
    expect(the.aws.resourcesOf(sender.sid)).toEqual(NOTHING);
    expect(await the.aws.fleet.devices.get(sender.sid)).toBeUndefined();
  });

  it.each([
    [
      'a service',
      async (sid: string) => {
        const [device] = [await the.aws.fleet.devices.get(sid)];
        await the.aws.fleet.devices.remove(sid);
        return device;
      },
    ],
    [
      'a task definition, a name and an access point',
      async (sid: string) => {
        for (const role of ['web', 'coreapp'] as const)
          await the.aws.ecs.service('devices', ecsName(the.aws.settings, sid, role))?.stop();
        await the.aws.fleet.devices.remove(sid);
      },
    ],
  ])('is found without a record too: %s', async (_, leave) => {
    const sender = await the.onlineNumber();
    await the.forget(sender);
    await leave(sender.sid);
    expect(await the.reconcile()).toMatchObject({ OrphansRemoved: 0 });
    await the.reconcileUntilClean(2 * HOUR);
    expect(the.aws.resourcesOf(sender.sid)).toEqual(NOTHING);
  });

  it('is left alone where it lacks this gateway’s tag, and reported', async () => {
    const sender = await the.onlineNumber();
    await the.forget(sender);
    await the.aws.fleet.devices.remove(sender.sid);
    const web = the.service(sender, 'web');
    web.description.tags = web.description.tags.filter(({ key }) => key !== 'switchboard:gateway');
    expect(await the.reconcile({ later: 2 * HOUR })).toMatchObject({ OrphansRemoved: 0, ReconcileFailures: 1 });
    expect(the.aws.resourcesOf(sender.sid).services).toHaveLength(2);
    web.description.tags = Object.entries(deviceTags(the.aws.settings, sender.sid, 'web')).map(([key, value]) => ({
      key,
      value,
    }));
    await the.reconcileUntilClean(2 * HOUR);
  });

  it('is not touched when another gateway made it', async () => {
    const sender = await the.onlineNumber();
    await the.forget(sender);
    await the.aws.fleet.devices.remove(sender.sid);
    const before = the.aws.resourcesOf(sender.sid);
    const fleet = the.aws.fleet;
    const { openFleet } = await import('../../lambdas/fleet/fleet.ts');
    const other = { ...the.aws.settings, gateway: 'f'.repeat(32) };
    the.aws.fleet = openFleet(JSON.stringify(other), process.env['TABLE_NAME'] ?? '');
    try {
      expect(await the.reconcile({ later: 2 * HOUR })).toMatchObject({ OrphansRemoved: 0 });
    } finally {
      the.aws.fleet = fleet;
    }
    expect(the.aws.resourcesOf(sender.sid)).toEqual(before);
    await the.reconcileUntilClean(2 * HOUR);
  });
});

describe('a failed registration that was not undone to the end', () => {
  async function failed(): Promise<Sender> {
    const sender = await the.aws.addSender();
    await startDevice(sender, the.aws.fleet);
    await the.aws.fleet.registrations.update(sender.sid, { state: 'failed' });
    return sender;
  }

  it('is undone after an hour', async () => {
    const sender = await failed();
    const { executionArn } = (await the.aws.fleet.registrations.get(sender.sid)) ?? { executionArn: '' };
    the.executions.set(executionArn, 'FAILED');
    expect(await the.reconcile()).toMatchObject({ OrphansRemoved: 0 });
    await the.reconcileUntilClean(2 * HOUR);
    expect(the.aws.resourcesOf(sender.sid)).toEqual(NOTHING);
    expect(await the.aws.fleet.senders().get(sender.accountSid, sender.sid)).toBeDefined();
  });

  it('is left to its execution while that runs', async () => {
    const sender = await failed();
    expect(await the.reconcile({ later: 2 * HOUR })).toMatchObject({ OrphansRemoved: 0 });
    expect(the.aws.resourcesOf(sender.sid).services).toHaveLength(2);
  });
});
