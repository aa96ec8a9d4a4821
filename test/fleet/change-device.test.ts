import type { Context } from 'aws-lambda';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { databasePrefix } from '../../lambdas/domain/device-names.ts';
import type { Sender } from '../../lambdas/domain/sender.ts';
import { EXECUTION, type FleetAws, NOTHING, startFleetAws } from './aws.ts';
import { retireDevice, startDevice, step, until } from './steps.ts';

let aws: FleetAws;
beforeAll(async () => {
  aws = await startFleetAws();
});
afterAll(() => aws.stop());
beforeEach(() => {
  aws.beforeTask = () => {};
  aws.database.partialRevokes = true;
});

describe('a device is changed', () => {
  const change = (sender: Sender, fields: Record<string, string>) => aws.fleet.senders().change(sender, { fields });

  it.each([
    ['single', 'high-availability', { web: 2, master: 2, coreapp: 2 }],
    ['high-availability', 'single', { web: 1, coreapp: 1 }],
  ])('from %s to %s without two kinds of session at a time', async (from, to, expected) => {
    const sender = await aws.addSender({ mode: from });
    await startDevice(sender, aws.fleet);
    const modeOf = ({ container }: { container: { environment: { name: string; value: string }[] } }) =>
      container.environment.find(({ name }) => name === 'MODE')?.value;
    const beside: unknown[] = [];
    aws.beforeTask = (definition) => {
      if (!/-(coreapp|master)$/.test(definition.family)) return;
      for (const { lastStatus, options } of aws.ecs.tasks('devices')) {
        const isSession =
          /-(coreapp|master)$/.test(options.definition.family) &&
          options.definition.family.includes(sender.sid.toLowerCase());
        if (isSession && lastStatus !== 'STOPPED' && modeOf(options.definition) !== modeOf(definition)) {
          beside.push([options.definition.arn, lastStatus]);
        }
      }
    };
    await change(sender, { mode: to });
    await until('started', 'StartContainers', sender, aws.fleet);
    expect(aws.desired(sender)).toEqual(expected);
    expect(beside).toEqual([]);
    expect(await aws.fleet.devices.get(sender.sid)).toMatchObject({ mode: to });
    await retireDevice(sender, aws.fleet);
    expect(aws.resourcesOf(sender.sid)).toEqual(NOTHING);
  });

  it('to more shards at once, and to fewer only when those are in force', async () => {
    const sender = await aws.addSender({ mode: 'multiconnect', shards: '1' });
    await startDevice(sender, aws.fleet);
    await change(sender, { mode: 'multiconnect', shards: '2' });
    await until('started', 'StartContainers', sender, aws.fleet);
    expect(aws.desired(sender)).toMatchObject({ coreapp: 3 });
    await aws.fleet.devices.update(sender.sid, { shardsInForce: 2 });

    await change(sender, { mode: 'multiconnect', shards: '1' });
    await until('started', 'StartContainers', sender, aws.fleet);
    expect(aws.desired(sender)).toMatchObject({ coreapp: 3 });
    await aws.fleet.devices.update(sender.sid, { shardsInForce: 1 });
    await until('started', 'StartContainers', sender, aws.fleet);
    expect(aws.desired(sender)).toMatchObject({ coreapp: 2 });
    // The same task definition does for every number of shards, so nothing was restarted.
    expect(aws.serviceOf(sender, 'coreapp')?.primary.definition.revision).toBe(1);
    await retireDevice(sender, aws.fleet);
  });

  it('to another image by a new revision', async () => {
    const sender = await aws.addSender();
    await startDevice(sender, aws.fleet);
    const { openFleet } = await import('../../lambdas/fleet/fleet.ts');
    const newer = openFleet(
      JSON.stringify({ ...aws.settings, images: { web: 'newer:1', coreapp: 'newer:1' } }),
      process.env['TABLE_NAME'] ?? '',
    );
    await until('started', 'StartContainers', sender, newer);
    expect(aws.serviceOf(sender, 'coreapp')?.primary.definition).toMatchObject({
      revision: 2,
      container: { image: 'newer:1' },
    });
    await retireDevice(sender, newer);
    expect(aws.resourcesOf(sender.sid)).toEqual(NOTHING);
  });
});

describe('a step', () => {
  it('is refused to an execution that has been superseded', async () => {
    const sender = await aws.addSender();
    await expect(step('StartContainers', sender, aws.fleet, 'arn:another')).rejects.toMatchObject({
      name: 'RegistrationRefused',
    });
    expect(aws.resourcesOf(sender.sid)).toEqual(NOTHING);
  });

  it('does not bring back what is being removed', async () => {
    const sender = await aws.addSender();
    await startDevice(sender, aws.fleet);
    await step('StopContainers', sender, aws.fleet);
    await expect(step('StartContainers', sender, aws.fleet)).rejects.toMatchObject({ name: 'RegistrationRefused' });
    await retireDevice(sender, aws.fleet);
  });

  it('is done by the function, with what its environment says', async () => {
    const sender = await aws.addSender();
    process.env['FLEET'] = JSON.stringify(aws.settings);
    const { handler } = await import('../../lambdas/fleet/fleet.lambda.ts');
    const event = {
      step: 'CreateDatabase',
      accountSid: sender.accountSid,
      senderSid: sender.sid,
      executionArn: EXECUTION,
    };
    expect(await handler(event, {} as Context)).toEqual({ outcome: 'done' });
    expect([...aws.database.users.keys()]).toContain(databasePrefix(sender.sid));
    expect(await aws.fleet.registrations.get(sender.sid)).toMatchObject({ step: 'CreateDatabase' });
  });

  it('of another function is not done here', async () => {
    const sender = await aws.addSender();
    await expect(step('VerifyCode', sender, aws.fleet)).rejects.toThrow(/step/);
  });
});
