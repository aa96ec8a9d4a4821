import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import process from 'node:process';
import {
  CreateClusterCommand,
  DeleteTaskDefinitionsCommand,
  DeregisterTaskDefinitionCommand,
  DescribeTaskDefinitionCommand,
  DescribeTasksCommand,
  ListTaskDefinitionFamiliesCommand,
  ListTaskDefinitionsCommand,
  ListTasksCommand,
  RunTaskCommand,
  type RunTaskCommandInput,
  StopTaskCommand,
} from '@aws-sdk/client-ecs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Task } from '../../../local/ecs/task.ts';
import { askTask, type Stand, startStand } from './stand.ts';

const PATIENCE = { interval: 10, timeout: 10_000 };
const MEDIA = '/usr/local/wamedia';

describe('A task of the local ECS', () => {
  let stand: Stand;

  beforeEach(async () => {
    stand = await startStand();
  });

  afterEach(async () => {
    await stand.stop();
  });

  async function run(input: RunTaskCommandInput): Promise<Task> {
    const { tasks } = await stand.client.send(new RunTaskCommand(input));
    const task = stand.ecs.tasks().find(({ arn }) => arn === tasks?.[0]?.taskArn);
    if (!task) throw new Error('No task was started.');
    return task;
  }

  const untilAnswering = async (task: Task) => {
    await expect
      .poll(async () => (await fetch(task.url ?? 'http://127.0.0.1:9').catch(() => undefined))?.ok, PATIENCE)
      .toBe(true);
  };
  const isRunning = (pid: number) => {
    try {
      return process.kill(pid, 0);
    } catch {
      return false;
    }
  };
  const describeTask = async (task: Task) => {
    const answer = await stand.client.send(new DescribeTasksCommand({ tasks: [task.arn], include: ['TAGS'] }));
    return answer.tasks?.[0];
  };

  const mounted = (accessPointId: string) => ({
    container: { mountPoints: [{ sourceVolume: 'media', containerPath: MEDIA }] },
    fields: {
      volumes: [
        {
          name: 'media',
          efsVolumeConfiguration: {
            fileSystemId: stand.fileSystemId,
            transitEncryption: 'ENABLED',
            authorizationConfig: { accessPointId, iam: 'ENABLED' },
          },
        },
      ],
    },
  });
  const newAccessPoint = (path: string) =>
    stand.fileSystems.createAccessPoint({ clientToken: path, fileSystemId: stand.fileSystemId, path, tags: [] });

  it('has the environment of its image and container, its secrets, a port of its own, and nothing else', async () => {
    const taskDefinition = await stand.register('web', {
      environment: [
        { name: 'PORT', value: '8080' },
        { name: 'COLOUR', value: 'red' },
      ],
      secrets: [{ name: 'WA_DB_PASSWORD', valueFrom: `${stand.secretArn}:databasePassword::` }],
    });
    const task = await run({ taskDefinition });
    await untilAnswering(task);

    const { NODE_CHANNEL_FD, NODE_CHANNEL_SERIALIZATION_MODE, ...answer } = await askTask(task);
    expect(answer).toEqual({
      COLOUR: 'red',
      SIZE: 'large one',
      WA_DB_PASSWORD: 'p455w0rd',
      HOST: '127.0.0.1',
      PORT: new URL(task.url ?? '').port,
      pid: task.pid,
      arguments: [],
    });
  });

  it('is gone when it is stopped', async () => {
    const task = await run({ taskDefinition: await stand.register('web') });
    await untilAnswering(task);
    const pid = task.pid ?? 0;
    expect(isRunning(pid)).toBe(true);
    await stand.client.send(new StopTaskCommand({ task: task.arn }));
    await task.stopped;

    expect(isRunning(pid)).toBe(false);
    expect(await describeTask(task)).toMatchObject({ lastStatus: 'STOPPED', stopCode: 'UserInitiated' });
  });

  it('runs once for one client token', async () => {
    const taskDefinition = await stand.register('web');
    const first = await run({ taskDefinition, clientToken: 'one', startedBy: 'erase', group: 'family:web' });
    const again = await run({ taskDefinition, clientToken: 'one', startedBy: 'erase' });
    expect(again).toBe(first);
    const { taskArns } = await stand.client.send(new ListTasksCommand({ family: 'web' }));
    expect(taskArns).toEqual([first.arn]);
  });

  it("empties its volume and no other, by the system's find", async () => {
    const [mine, others] = [newAccessPoint('/one'), newAccessPoint('/two')];
    const root = join(stand.fileSystems.directory, stand.fileSystemId);
    for (const path of ['one/simulator', 'two']) {
      await mkdir(join(root, path), { recursive: true });
      await writeFile(join(root, path, 'state.json'), '{}');
    }
    const { container, fields } = mounted(mine.id);
    const command = ['find', MEDIA, '-mindepth', '1', '-delete'];
    const task = await run({ taskDefinition: await stand.register('erase', { ...container, command }, fields) });
    await task.stopped;

    expect(await describeTask(task)).toMatchObject({
      lastStatus: 'STOPPED',
      stopCode: 'EssentialContainerExited',
      containers: [{ exitCode: 0 }],
    });
    expect(await readdir(join(root, 'one'))).toEqual([]);
    expect(await readdir(join(root, 'two'))).toEqual(['state.json']);
    expect(others.path).toBe('/two');
  });

  it('finds its volume where its variables say', async () => {
    const { container, fields } = mounted(newAccessPoint('/one').id);
    const environment = [{ name: 'STATE_DIRECTORY', value: `${MEDIA}/simulator` }];
    const task = await run({ taskDefinition: await stand.register('web', { ...container, environment }, fields) });
    await untilAnswering(task);
    const root = join(stand.fileSystems.directory, stand.fileSystemId);
    expect(await askTask(task)).toMatchObject({ STATE_DIRECTORY: join(root, 'one/simulator') });
    expect(await readdir(root)).toEqual(['one']);
  });

  it.each([
    ['its image is not from here', { image: 'docker.whatsapp.biz/web:v2.53.2' }, 'is not built from this repository'],
    [
      'its secret is gone',
      { secrets: [{ name: 'A', valueFrom: 'arn:aws:secretsmanager:us-east-1:0:secret:gone' }] },
      "can't find",
    ],
    ['its command is for something else', { command: ['bash', '-c', 'rm -rf /'] }, 'The container runs bash'],
  ])('stops before it runs when %s', async (_name, container, reason) => {
    const task = await run({ taskDefinition: await stand.register('web', container) });
    await task.stopped;
    expect(await describeTask(task)).toMatchObject({
      lastStatus: 'STOPPED',
      stopCode: 'TaskFailedToStart',
      stoppedReason: expect.stringContaining(reason),
    });
  });

  it('stops before it runs when its secret lacks the key, or its access point is gone', async () => {
    const secrets = [{ name: 'A', valueFrom: `${stand.secretArn}:other::` }];
    const withoutKey = await run({ taskDefinition: await stand.register('web', { secrets }) });
    const { container, fields } = mounted('fsap-gone');
    const withoutVolume = await run({ taskDefinition: await stand.register('web', container, fields) });
    await Promise.all([withoutKey.stopped, withoutVolume.stopped]);
    expect(withoutKey.stoppedReason).toContain('no text under the JSON key other');
    expect(withoutVolume.stoppedReason).toContain("Access point 'fsap-gone' does not exist");
  });
});

describe('A task definition of the local ECS', () => {
  let stand: Stand;

  beforeEach(async () => {
    stand = await startStand();
  });

  afterEach(async () => {
    await stand.stop();
  });

  it('has a revision, is described as it was registered, and is found by family', async () => {
    const container = {
      environment: [{ name: 'A', value: '1' }],
      healthCheck: { command: ['CMD', 'true'] },
      memory: 512,
    };
    await stand.register('web', { environment: [] }, { cpu: '256' });
    const arn = await stand.register('web', container, {
      cpu: '512',
      networkMode: 'awsvpc',
      tags: [{ key: 'a', value: 'b' }],
    });
    expect(arn).toBe('arn:aws:ecs:us-east-1:000000000000:task-definition/web:2');

    const found = await stand.client.send(new DescribeTaskDefinitionCommand({ taskDefinition: 'web' }));
    expect(found).toMatchObject({
      taskDefinition: {
        taskDefinitionArn: arn,
        revision: 2,
        status: 'ACTIVE',
        cpu: '512',
        containerDefinitions: [container],
      },
      tags: [{ key: 'a', value: 'b' }],
    });
    const first = await stand.client.send(new DescribeTaskDefinitionCommand({ taskDefinition: 'web:1' }));
    expect(first.taskDefinition?.cpu).toBe('256');
  });

  it('is deregistered and then deleted, and its number is not used again', async () => {
    const arn = await stand.register('web');
    const remove = new DeleteTaskDefinitionsCommand({ taskDefinitions: [arn] });
    expect((await stand.client.send(remove)).failures).toHaveLength(1);

    await stand.client.send(new DeregisterTaskDefinitionCommand({ taskDefinition: arn }));
    const list = (status: 'ACTIVE' | 'INACTIVE') =>
      stand.client.send(new ListTaskDefinitionsCommand({ familyPrefix: 'web', status }));
    expect((await list('ACTIVE')).taskDefinitionArns).toEqual([]);
    expect((await list('INACTIVE')).taskDefinitionArns).toEqual([arn]);
    await expect(stand.client.send(new RunTaskCommand({ taskDefinition: arn }))).rejects.toThrow('inactive');

    expect((await stand.client.send(remove)).taskDefinitions).toMatchObject([{ status: 'DELETE_IN_PROGRESS' }]);
    await expect(stand.client.send(new DescribeTaskDefinitionCommand({ taskDefinition: arn }))).rejects.toMatchObject({
      name: 'ClientException',
    });
    expect(await stand.register('web')).toMatch(/web:2$/);
  });

  it('is listed by the families that have one', async () => {
    for (const family of ['sb-2', 'sb-1', 'other']) await stand.register(family);
    await stand.client.send(new DeregisterTaskDefinitionCommand({ taskDefinition: 'sb-2:1' }));
    const families = async (status: 'ACTIVE' | 'INACTIVE') =>
      (await stand.client.send(new ListTaskDefinitionFamiliesCommand({ familyPrefix: 'sb-', status }))).families;
    expect(await families('ACTIVE')).toEqual(['sb-1']);
    expect(await families('INACTIVE')).toEqual(['sb-2']);
  });

  it.each([
    ['an unknown volume', { mountPoints: [{ sourceVolume: 'media', containerPath: '/media' }] }, 'ClientException'],
  ])('is refused when it names %s', async (_name, container, name) => {
    await expect(stand.register('web', container)).rejects.toMatchObject({ name });
  });

  it('is refused when it has more than one container', async () => {
    const two = { containerDefinitions: [1, 2].map((name) => ({ name: String(name), image: 'x' })) };
    await expect(stand.register('web', {}, two)).rejects.toThrow('one container per task');
  });

  it('refuses by name what this product does not use', async () => {
    await expect(stand.client.send(new CreateClusterCommand({ clusterName: 'x' }))).rejects.toThrow(
      'The local ECS does not know CreateCluster.',
    );
  });
});
