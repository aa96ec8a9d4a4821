import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { databasePrefix, dnsLabel, ecsName } from '../../lambdas/domain/device-names.ts';
import { type FleetAws, NOTHING, startFleetAws } from './aws.ts';
import { afterEveryEffect, crashing, cutOffsOf, isCutOff, retireDevice, startDevice, step } from './steps.ts';

let aws: FleetAws;
beforeAll(async () => {
  aws = await startFleetAws();
});
afterAll(() => aws.stop());
beforeEach(() => {
  aws.beforeTask = () => {};
  aws.database.partialRevokes = true;
});

describe('a device is started', () => {
  it('single: a web and a coreapp, each with a name, a volume for both and a database user of their own', async () => {
    const sender = await aws.addSender();
    await startDevice(sender, aws.fleet);

    expect(aws.desired(sender)).toEqual({ web: 1, coreapp: 1 });
    const { names, volumes, definitions } = aws.resourcesOf(sender.sid);
    expect(names).toEqual([dnsLabel(sender.sid, 'web'), dnsLabel(sender.sid, 'coreapp')]);
    expect(volumes).toHaveLength(1);
    expect(definitions).toHaveLength(2);
    expect(aws.database.users.get(databasePrefix(sender.sid))).toMatchObject({
      password: 'Database-password.0123456789',
    });
    const device = await aws.fleet.devices.get(sender.sid);
    expect(device).toMatchObject({
      mode: 'single',
      url: `http://${dnsLabel(sender.sid, 'web')}.switchboard.internal:8080`,
      accessPointId: volumes[0],
      startedAt: expect.any(String),
    });
    const { hostname } = new URL(device?.url ?? '');
    const answer = await fetch(aws.cloudMap.resolve(hostname) ?? '');
    expect(answer.status).toBe(200);
  });

  it('with secrets injected from the sender’s secret, tags on everything, and limits that keep sessions apart', async () => {
    const sender = await aws.addSender();
    await startDevice(sender, aws.fleet);

    const { registered } = aws.ecs.definitions.find(ecsName(aws.settings, sender.sid, 'coreapp'));
    const { arn } = aws.secrets.store.find(sender.secretId);
    expect(registered).toMatchObject({
      networkMode: 'awsvpc',
      requiresCompatibilities: ['FARGATE'],
      runtimePlatform: { cpuArchitecture: 'ARM64' },
      taskRoleArn: aws.settings.taskRoleArns.device,
      containerDefinitions: [
        {
          secrets: expect.arrayContaining([{ name: 'WA_DB_PASSWORD', valueFrom: `${arn}:databasePassword::` }]),
          linuxParameters: { capabilities: { drop: ['MKNOD'] } },
          mountPoints: [{ containerPath: '/usr/local/wamedia', readOnly: false }],
        },
      ],
      volumes: [{ efsVolumeConfiguration: { transitEncryption: 'ENABLED', authorizationConfig: { iam: 'ENABLED' } } }],
    });
    expect(JSON.stringify(registered)).not.toContain('Database-password');
    expect(aws.serviceOf(sender, 'coreapp')?.description).toMatchObject({
      availabilityZoneRebalancing: 'DISABLED',
      enableExecuteCommand: false,
      networkConfiguration: { awsvpcConfiguration: { subnets: ['subnet-1', 'subnet-2'], assignPublicIp: 'DISABLED' } },
      deploymentConfiguration: {
        minimumHealthyPercent: 0,
        maximumPercent: 100,
        deploymentCircuitBreaker: { enable: true, rollback: true },
      },
      propagateTags: 'SERVICE',
    });
    const tags = { 'switchboard:gateway': aws.settings.gateway, 'switchboard:sender': sender.sid };
    const asMap = (list: { key: string; value: string }[] = []) =>
      Object.fromEntries(list.map(({ key, value }) => [key, value]));
    for (const role of ['web', 'coreapp'] as const) {
      const expected = { ...tags, 'switchboard:role': role };
      expect(asMap(aws.serviceOf(sender, role)?.description.tags)).toEqual(expected);
      expect(asMap(aws.ecs.definitions.find(ecsName(aws.settings, sender.sid, role)).tags)).toEqual(expected);
    }
    const [volume] = await aws.fleet.volumes
      .list()
      .then((all) => all.filter(({ tags: of }) => of['switchboard:sender'] === sender.sid));
    expect(volume?.tags).toEqual(tags);
  });

  it('high availability: one web first, then the other and the masters, then the coreapps', async () => {
    const sender = await aws.addSender({ mode: 'high-availability' });
    await step('CreateMediaVolume', sender, aws.fleet);
    const stages: unknown[] = [];
    for (let answer = { outcome: '' }; answer.outcome !== 'started'; ) {
      answer = await step('StartContainers', sender, aws.fleet);
      const stage = JSON.stringify(aws.desired(sender));
      if (stages.at(-1) !== stage) stages.push(stage);
      expect(stages.length).toBeLessThan(6);
    }
    expect(stages.map((stage) => JSON.parse(String(stage)))).toEqual([
      { web: 1 },
      { web: 2, master: 2 },
      { web: 2, master: 2, coreapp: 2 },
    ]);
    expect(aws.resourcesOf(sender.sid).names).toEqual([dnsLabel(sender.sid, 'web')]);
  });

  it('once: asked again it changes nothing', async () => {
    const sender = await aws.addSender({ mode: 'multiconnect', shards: '2' });
    await startDevice(sender, aws.fleet);
    expect(aws.desired(sender)).toEqual({ web: 2, master: 2, coreapp: 3 });
    const before = [
      aws.resourcesOf(sender.sid),
      await aws.fleet.devices.get(sender.sid),
      aws.serviceOf(sender, 'web')?.primary.id,
    ];
    await startDevice(sender, aws.fleet);
    expect([
      aws.resourcesOf(sender.sid),
      await aws.fleet.devices.get(sender.sid),
      aws.serviceOf(sender, 'web')?.primary.id,
    ]).toEqual(before);
  });

  it.each([
    [
      'its own databases only, where patterns can be granted',
      false,
      (prefix: string) => ({ grants: [`${prefix}%`], revoked: [] }),
    ],
    ['all databases but MySQL’s own, where they cannot', true, () => ({ grants: ['*'], revoked: ['mysql'] })],
  ])('with a database user that may work with %s', async (_, partialRevokes, expected) => {
    const sender = await aws.addSender();
    aws.database.partialRevokes = partialRevokes;
    await step('CreateDatabase', sender, aws.fleet);
    await step('CreateDatabase', sender, aws.fleet);
    const prefix = databasePrefix(sender.sid);
    const { grants = [], revoked = [] } = aws.database.users.get(prefix) ?? {};
    expect({ grants: [...grants], revoked: [...revoked] }).toEqual(expected(prefix));
    await step('DropDatabase', sender, aws.fleet);
  });

  it('with the password that the secret holds now, whatever the user had before', async () => {
    const sender = await aws.addSender();
    aws.database.execute(`CREATE USER '${databasePrefix(sender.sid)}'@'%' IDENTIFIED BY 'of-an-earlier-try'`);
    await step('CreateDatabase', sender, aws.fleet);
    expect(aws.database.users.get(databasePrefix(sender.sid))?.password).toBe('Database-password.0123456789');
  });

  it('whatever call it was cut off after, without a second of anything', async () => {
    const tried = await afterEveryEffect(async (count) => {
      const sender = await aws.addSender();
      const isCut = await isCutOff(startDevice(sender, crashing(aws.fleet, count)));
      await startDevice(sender, aws.fleet);
      const { services, definitions, names, volumes } = aws.resourcesOf(sender.sid);
      expect([services.length, definitions.length, names.length, volumes.length], `cut off after ${count}`).toEqual([
        2, 2, 2, 1,
      ]);
      await retireDevice(sender, aws.fleet);
      expect(aws.resourcesOf(sender.sid), `cut off after ${count}`).toEqual(NOTHING);
      return isCut;
    });
    expect(tried).toBeGreaterThanOrEqual(cutOffsOf(13));
  }, 120_000);

  it('and is undone whatever call the start was cut off after', async () => {
    const tried = await afterEveryEffect(async (count) => {
      const sender = await aws.addSender();
      const isCut = await isCutOff(startDevice(sender, crashing(aws.fleet, count)));
      await retireDevice(sender, aws.fleet);
      expect(aws.resourcesOf(sender.sid), `cut off after ${count}`).toEqual(NOTHING);
      expect([...aws.database.users.keys()]).not.toContain(databasePrefix(sender.sid));
      return isCut;
    });
    expect(tried).toBeGreaterThanOrEqual(cutOffsOf(13));
  }, 120_000);
});

describe('a device that does not get up', () => {
  it('is given up with the reason that ECS gives', async () => {
    const sender = await aws.addSender();
    aws.beforeTask = ({ family }) => {
      if (family.endsWith('-coreapp')) throw new Error('CannotPullContainerError');
    };
    await expect(startDevice(sender, aws.fleet)).rejects.toMatchObject({
      name: 'RegistrationRefused',
      problem: expect.stringMatching(/coreapp: .*circuit breaker/),
      action: expect.stringContaining('ECS'),
    });
    await retireDevice(sender, aws.fleet);
    expect(aws.resourcesOf(sender.sid)).toEqual(NOTHING);
  });

  it('is given up after twenty minutes, saying what was waited for', async () => {
    const sender = await aws.addSender();
    await step('CreateMediaVolume', sender, aws.fleet);
    await step('StartContainers', sender, aws.fleet);
    const coreapp = ecsName(aws.settings, sender.sid, 'coreapp');
    const later = {
      ...aws.fleet,
      now: () => Date.now() + 21 * 60_000,
      services: Object.create(aws.fleet.services, {
        describe: { value: async () => new Map() },
        create: { value: async () => undefined },
      }),
    };
    await expect(step('StartContainers', sender, later)).rejects.toThrow(/web: 0 of 1 containers run/);
    expect(aws.ecs.service('devices', coreapp)).toBeUndefined();
  });

  it.each([
    [{ mode: 'triple' }, /mode/],
    [{ mode: 'multiconnect', shards: '5' }, /shards must be 1, 2, 4, 8, 16, 32/],
  ])('is refused when it cannot be like %o', async (fields, message) => {
    const sender = await aws.addSender(fields);
    await expect(step('CreateMediaVolume', sender, aws.fleet)).rejects.toMatchObject({
      name: 'RegistrationRefused',
      message: expect.stringMatching(message),
    });
  });
});
