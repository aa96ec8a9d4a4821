import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { CallbackReceiver } from './support/callbacks.ts';
import { isLocal, local } from './support/local.ts';
import { atMeta, NumberOwner } from './support/numbers.ts';

/** Many processes are started at once; a busy machine is no failure. */
const PATIENCE = { timeout: 90_000 };
const waiting = { timeout: 30_000, interval: 100 };

describe.runIf(isLocal)('A number that is registered', PATIENCE, () => {
  let customer: CallbackReceiver;

  beforeAll(async () => {
    customer = await CallbackReceiver.start();
  });
  afterAll(() => customer.stop());

  it.concurrent.each([
    ['on one device', { mode: 'single' }, ['coreapp', 'web']],
    ['with high availability', { mode: 'high-availability' }, ['coreapp', 'coreapp', 'master', 'master', 'web', 'web']],
    [
      'with multiconnect, in two shards',
      { mode: 'multiconnect', shards: 2 },
      ['coreapp', 'coreapp', 'coreapp', 'master', 'master', 'web', 'web'],
    ],
    ['at Meta', atMeta, []],
  ])('sends, and leaves nothing behind when it is deleted: %s', async (_, configuration, roles) => {
    const owner = await NumberOwner.create();
    const created = await owner.register(configuration);
    expect(created).toMatchObject({ status: 'CREATING', senderId: owner.address });
    const asked = await owner.untilCodeIsWanted();
    expect(asked.offlineReasons?.[0]?.message).toMatch(/^WaitForCode: /);
    expect(await owner.giveRightCode()).toMatchObject({ status: 'VERIFYING' });
    expect(await local.over(owner.sid)).toMatchObject({ status: 'SUCCEEDED' });
    expect(await owner.fetch()).toMatchObject({ status: 'ONLINE', offlineReasons: null });
    expect((await owner.list()).find(({ sid }) => sid === owner.sid)).toMatchObject({ status: 'ONLINE' });
    const tasks = await local.tasks(owner.sid);
    expect(tasks.map(({ role }) => role).sort()).toEqual(roles);

    const contact = await owner.contact();
    const { sid } = await owner.send(contact.address, 'From the new number', customer.url('/status'));
    // On a busy machine one status may overtake the other, which is not called back then.
    const isDelivered = (status = '') => ['delivered', 'read'].includes(status);
    await customer.waitFor(
      ({ parameters }) => parameters['MessageSid'] === sid && isDelivered(parameters['MessageStatus']),
    );
    expect(await contact.arrived(1)).toMatchObject([{ text: 'From the new number' }]);

    expect(await owner.traces()).not.toEqual([]);
    expect(await owner.remove()).toMatchObject({ machine: 'RetireNumber', status: 'SUCCEEDED' });
    await expect(owner.fetch()).rejects.toMatchObject({ status: 404 });
    expect(await owner.traces()).toEqual([]);
  });

  it.concurrent('is put right: a service that somebody changed, and a container that is killed', async () => {
    const owner = await NumberOwner.create();
    await owner.registerWithCode({ mode: 'single' });
    const healthy = async (service: string | undefined) =>
      (await local.tasks(owner.sid)).find((task) => task.service === service && task.isHealthy);
    const [web] = (await local.tasks(owner.sid)).filter(({ role }) => role === 'web');
    await local.scale(web?.service ?? '', 0);
    await vi.waitUntil(async () => !(await healthy(web?.service)), waiting);
    await local.tick('ReconcileSchedule');
    expect((await vi.waitUntil(() => healthy(web?.service), waiting)).arn).not.toBe(web?.arn);

    const [coreapp] = (await local.tasks(owner.sid)).filter(({ role }) => role === 'coreapp');
    await local.killTask(coreapp?.arn ?? '');
    await vi.waitUntil(async () => (await healthy(coreapp?.service))?.arn !== coreapp?.arn, waiting);
    // It speaks for the number once the other one's lease has run out.
    const contact = await vi.waitUntil(() => owner.contact().catch(() => undefined), waiting);
    await owner.send(contact.address, 'Still here.');
    expect(await contact.arrived(1)).toMatchObject([{ text: 'Still here.' }]);
    await owner.remove();
    expect(await owner.traces()).toEqual([]);
  });
});
