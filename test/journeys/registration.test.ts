import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { CallbackReceiver } from './support/callbacks.ts';
import { isLocal, local } from './support/local.ts';
import { atMeta, NumberOwner } from './support/numbers.ts';

/** Many processes are started at once; a busy machine is no failure. */
const PATIENCE = { timeout: 90_000 };
const waiting = { timeout: 30_000, interval: 100 };

interface Registered {
  where: string;
  configuration: Record<string, unknown>;
  /** How many containers it has of each role. */
  roles: Record<string, number>;
  /** What is changed while it is online, and its containers then. */
  change?: { configuration: Record<string, unknown>; roles: Record<string, number> };
}

describe.runIf(isLocal)('A number that is registered', PATIENCE, () => {
  let customer: CallbackReceiver;

  beforeAll(async () => {
    customer = await CallbackReceiver.start();
  });
  afterAll(() => customer.stop());

  it.concurrent.each<Registered>([
    { where: 'on one device', configuration: { mode: 'single' }, roles: { web: 1, coreapp: 1 } },
    {
      where: 'with high availability',
      configuration: { mode: 'high-availability' },
      roles: { web: 2, master: 2, coreapp: 2 },
    },
    {
      where: 'with multiconnect, from two shards to one',
      configuration: { mode: 'multiconnect', shards: 2 },
      roles: { web: 2, master: 2, coreapp: 3 },
      change: { configuration: { shards: 1 }, roles: { web: 2, master: 2, coreapp: 2 } },
    },
    { where: 'at Meta', configuration: atMeta, roles: {} },
  ])('sends, and leaves nothing behind when it is deleted: $where', async ({ configuration, roles, change }) => {
    const owner = await NumberOwner.create();
    const created = await owner.register(configuration);
    expect(created).toMatchObject({ status: 'CREATING', senderId: owner.address });
    const asked = await owner.untilCodeIsWanted();
    expect(asked.offlineReasons?.[0]?.message).toMatch(/^WaitForCode: /);
    expect(await owner.giveRightCode()).toMatchObject({ status: 'VERIFYING' });
    expect(await local.over(owner.sid)).toMatchObject({ status: 'SUCCEEDED' });
    expect(await owner.fetch()).toMatchObject({ status: 'ONLINE', offlineReasons: null });
    expect((await owner.list()).find(({ sid }) => sid === owner.sid)).toMatchObject({ status: 'ONLINE' });
    expect(await owner.roles()).toEqual(roles);

    const contact = await owner.contact();
    const { sid } = await owner.send(contact.address, 'From the new number', customer.url('/status'));
    // On a busy machine one status may overtake the other, which is not called back then.
    const isDelivered = (status = '') => ['delivered', 'read'].includes(status);
    await customer.waitFor(
      ({ parameters }) => parameters['MessageSid'] === sid && isDelivered(parameters['MessageStatus']),
    );
    expect(await contact.arrived(1)).toMatchObject([{ text: 'From the new number' }]);

    if (change) {
      expect(await owner.update(change.configuration)).toMatchObject({ status: 'ONLINE:UPDATING' });
      expect(await local.over(owner.sid)).toMatchObject({ machine: 'UpdateNumber', status: 'SUCCEEDED' });
      expect(await owner.fetch()).toMatchObject({ status: 'ONLINE', offlineReasons: null });
      expect(await owner.roles()).toEqual(change.roles);
    }

    expect(await owner.traces()).not.toEqual([]);
    expect(await owner.remove()).toMatchObject({ machine: 'RetireNumber', status: 'SUCCEEDED' });
    await expect(owner.fetch()).rejects.toMatchObject({ status: 404 });
    expect(await owner.traces()).toEqual([]);
  });

  it.concurrent('is put right: a service that somebody changed, and a container that is killed', async () => {
    const owner = await NumberOwner.create();
    await owner.registerWithCode({ mode: 'single' });
    const running = async (wanted: string) =>
      (await local.tasks(owner.sid)).find(({ role, isHealthy }) => role === wanted && isHealthy);
    const [web, coreapp] = [await running('web'), await running('coreapp')];
    await local.killTask(coreapp?.arn ?? '');
    await local.scale(web?.service ?? '', 0);
    await vi.waitUntil(async () => !(await running('web')), waiting);

    await local.tick('ReconcileSchedule');
    await vi.waitUntil(() => running('web'), waiting);
    await vi.waitUntil(() => running('coreapp'), waiting);
    // It speaks for the number once the lease of the one before has run out.
    const contact = await vi.waitUntil(() => owner.contact().catch(() => undefined), waiting);
    await owner.send(contact.address, 'Still here.');
    expect(await contact.arrived(1)).toMatchObject([{ text: 'Still here.' }]);
    await owner.remove();
    expect(await owner.traces()).toEqual([]);
  });
});
