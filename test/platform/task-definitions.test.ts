import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { planTask } from '../../lambdas/domain/device-container.ts';
import { planDevice } from '../../lambdas/domain/topology.ts';
import { type FleetAws, startFleetAws } from '../fleet/aws.ts';

let aws: FleetAws;
beforeAll(async () => {
  aws = await startFleetAws();
});
afterAll(() => aws.stop());

const resources = {
  accessPointId: 'fsap-1',
  secretArn: 'arn:aws:secretsmanager:us-east-1:000000000000:secret:s-abcdef',
};
let senders = 0;

/** A plan of a sender of its own, its newest definition, and how many there are. */
async function registered() {
  const senderSid = `XE${String(++senders).padStart(32, '0')}`;
  const [web] = planDevice({ mode: 'single', shards: 1 }, aws.settings);
  if (!web) throw new Error('A device has a web.');
  const plan = planTask(web, { senderSid, mode: 'single' }, aws.settings);
  const arn = await aws.fleet.definitions.ensure(plan, resources);
  const { registered: definition } = aws.ecs.definitions.find(arn);
  const [container] = definition['containerDefinitions'] as Record<string, unknown>[];
  if (!container) throw new Error('There is no container.');
  return { plan, arn, definition, container };
}

describe('a task definition is used again', () => {
  it('as it is', async () => {
    const { plan, arn } = await registered();
    expect(await aws.fleet.definitions.ensure(plan, resources)).toBe(arn);
  });

  it('with what ECS fills in by itself, in whatever order it answers', async () => {
    const { plan, arn, definition, container } = await registered();
    Object.assign(definition, {
      compatibilities: ['EC2', 'FARGATE'],
      requiresAttributes: [{ name: 'x' }],
      placementConstraints: [],
    });
    Object.assign(container, {
      cpu: 0,
      volumesFrom: [],
      systemControls: [],
      command: [],
      entryPoint: undefined,
      environment: (container['environment'] as unknown[]).toReversed(),
      secrets: (container['secrets'] as unknown[]).toReversed(),
    });
    expect(await aws.fleet.definitions.ensure(plan, resources)).toBe(arn);
  });
});

describe('a new one is registered', () => {
  it.each<[string, (container: Record<string, unknown>, definition: Record<string, unknown>) => void]>([
    ['another image', (container) => Object.assign(container, { image: 'another:1' })],
    ['a variable more', (container) => (container['environment'] as unknown[]).push({ name: 'DEBUG', value: '1' })],
    ['a variable less', (container) => (container['environment'] as unknown[]).pop()],
    ['a secret less', (container) => (container['secrets'] as unknown[]).pop()],
    ['a command', (container) => Object.assign(container, { command: ['sh'] })],
    ['an entry point', (container) => Object.assign(container, { entryPoint: ['sh'] })],
    ['more memory', (_, definition) => Object.assign(definition, { memory: '1024' })],
    [
      'another role',
      (_, definition) => Object.assign(definition, { taskRoleArn: 'arn:aws:iam::000000000000:role/admin' }),
    ],
    ['another volume', (_, definition) => Object.assign(definition, { volumes: [] })],
  ])('when the newest has %s', async (_, change) => {
    const { plan, arn, definition, container } = await registered();
    change(container, definition);
    const again = await aws.fleet.definitions.ensure(plan, resources);
    expect(again).not.toBe(arn);
    expect(await aws.fleet.definitions.ensure(plan, resources)).toBe(again);
  });

  it('when there is none that is active', async () => {
    const { plan, arn } = await registered();
    await aws.fleet.definitions.remove(plan.family);
    expect(await aws.fleet.definitions.describe(plan.family)).toBeUndefined();
    expect(await aws.fleet.definitions.ensure(plan, resources)).not.toBe(arn);
  });

  it('never without the secret that it takes keys of', async () => {
    const { plan } = await registered();
    await expect(aws.fleet.definitions.ensure(plan, { accessPointId: 'fsap-1' })).rejects.toThrow(/secret/);
  });
});
