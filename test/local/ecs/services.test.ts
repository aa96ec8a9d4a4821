import {
  CreateServiceCommand,
  DeleteServiceCommand,
  DescribeServicesCommand,
  DescribeTasksCommand,
  ListServicesCommand,
  ListTagsForResourceCommand,
  ListTasksCommand,
  StopTaskCommand,
  UpdateServiceCommand,
} from '@aws-sdk/client-ecs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createServiceSchema } from '../../../local/ecs/service-input.ts';
import { askTask, type Stand, startStand } from './stand.ts';

const PATIENCE = { interval: 10, timeout: 10_000 };
const STOP_FIRST = { minimumHealthyPercent: 0, maximumPercent: 100 };
const health = { command: ['CMD', 'true'], interval: 5, retries: 1, startPeriod: 0 };

describe('A service of the local ECS', () => {
  let stand: Stand;

  beforeEach(async () => {
    stand = await startStand();
  });

  afterEach(async () => {
    await stand.stop();
  });

  const describeService = async (name: string) => {
    const answer = await stand.client.send(new DescribeServicesCommand({ services: [name], include: ['TAGS'] }));
    return answer.services?.[0];
  };
  const rolloutOf = async (name: string) =>
    (await describeService(name))?.deployments?.map(({ status, rolloutState }) => `${status} ${rolloutState}`);

  it('keeps as many tasks running as it should, and says so', async () => {
    const taskDefinition = await stand.register('web', {
      healthCheck: health,
      portMappings: [{ containerPort: 8080 }],
    });
    const tags = [{ key: 'switchboard:role', value: 'web' }];
    const service = await stand.createService('web', {
      taskDefinition,
      desiredCount: 2,
      tags,
      propagateTags: 'SERVICE',
    });
    expect(await rolloutOf('web')).toEqual(['PRIMARY IN_PROGRESS']);
    await service.untilSteady();

    expect(await describeService('web')).toMatchObject({
      serviceArn: 'arn:aws:ecs:us-east-1:000000000000:service/default/web',
      status: 'ACTIVE',
      desiredCount: 2,
      runningCount: 2,
      pendingCount: 0,
      taskDefinition,
      tags,
      deployments: [{ status: 'PRIMARY', rolloutState: 'COMPLETED', taskDefinition, desiredCount: 2, runningCount: 2 }],
    });
    const { taskArns = [] } = await stand.client.send(new ListTasksCommand({ serviceName: 'web' }));
    const { tasks = [] } = await stand.client.send(new DescribeTasksCommand({ tasks: taskArns, include: ['TAGS'] }));
    expect(tasks).toHaveLength(2);
    const [port = 0] = service.tasks().map(({ url = '' }) => Number(new URL(url).port));
    expect(tasks[0]).toMatchObject({
      lastStatus: 'RUNNING',
      desiredStatus: 'RUNNING',
      healthStatus: 'HEALTHY',
      group: 'service:web',
      taskDefinitionArn: taskDefinition,
      tags,
      createdAt: expect.any(Date),
      attachments: [{ details: [{ name: 'privateIPv4Address', value: '127.0.0.1' }] }],
      containers: [{ name: 'Device', networkBindings: [{ containerPort: 8080, hostPort: port }] }],
    });
    expect(stand.serving.filter((line) => line.endsWith('serves'))).toHaveLength(2);
    const { tags: listed } = await stand.client.send(new ListTagsForResourceCommand({ resourceArn: service.arn }));
    expect(listed).toEqual(tags);
  });

  it('replaces a task that crashes, later each time, on the same port', async () => {
    const service = await stand.createService('web', { taskDefinition: await stand.register('web') });
    await service.untilSteady();
    const [first] = service.tasks();
    first?.kill();
    await expect.poll(() => service.tasks().some((task) => task !== first && task.isSteady), PATIENCE).toBe(true);

    expect(service.tasks().map(({ url }) => url)).toEqual([first?.url]);
    const { tasks } = await stand.client.send(new DescribeTasksCommand({ tasks: [first?.arn ?? ''] }));
    expect(tasks?.[0]).toMatchObject({
      lastStatus: 'STOPPED',
      stopCode: 'EssentialContainerExited',
      stoppedReason: 'Essential container in task exited (signal SIGKILL)',
    });
    expect(stand.serving).toEqual([
      `web ${first?.id} serves`,
      `web ${first?.id} leaves`,
      `web ${service.tasks()[0]?.id} serves`,
    ]);
  });

  it('replaces a task that is stopped', async () => {
    const service = await stand.createService('web', { taskDefinition: await stand.register('web') });
    await service.untilSteady();
    const [first] = service.tasks();
    await stand.client.send(new StopTaskCommand({ task: first?.arn, reason: 'stuck' }));
    await expect.poll(() => service.tasks().some((task) => task !== first && task.isSteady), PATIENCE).toBe(true);
    expect(first).toMatchObject({ stopCode: 'UserInitiated', stoppedReason: 'stuck' });
    expect(service.primary.failedTasks).toBe(0);
  });

  it('stops the old task before it starts the new one when it may never run two', async () => {
    const service = await stand.createService('core', {
      taskDefinition: await stand.register('core'),
      deploymentConfiguration: STOP_FIRST,
    });
    await service.untilSteady();
    const taskDefinition = await stand.register('core', { environment: [{ name: 'COLOUR', value: 'green' }] });
    let most = 0;
    const watching = setInterval(() => {
      most = Math.max(most, stand.ecs.tasks().filter(({ lastStatus }) => lastStatus !== 'STOPPED').length);
    }, 1);
    await stand.client.send(new UpdateServiceCommand({ service: 'core', taskDefinition }));
    expect(await rolloutOf('core')).toEqual(['PRIMARY IN_PROGRESS', 'ACTIVE COMPLETED']);
    await expect.poll(() => rolloutOf('core'), PATIENCE).toEqual(['PRIMARY COMPLETED']);
    clearInterval(watching);

    expect(most).toBe(1);
    expect(await askTask(service.tasks()[0])).toMatchObject({ COLOUR: 'green' });
  });

  it('starts the new task before it stops the old one when it must always run one', async () => {
    const service = await stand.createService('web', { taskDefinition: await stand.register('web') });
    await service.untilSteady();
    let fewest = 1;
    const watching = setInterval(() => {
      fewest = Math.min(fewest, service.tasks().filter(({ isSteady }) => isSteady).length);
    }, 1);
    await stand.client.send(new UpdateServiceCommand({ service: 'web', forceNewDeployment: true }));
    await expect.poll(() => rolloutOf('web'), PATIENCE).toEqual(['PRIMARY COMPLETED']);
    clearInterval(watching);
    expect(fewest).toBe(1);
  });

  it('scales', async () => {
    const service = await stand.createService('web', { taskDefinition: await stand.register('web'), desiredCount: 1 });
    await service.untilSteady();
    await stand.client.send(new UpdateServiceCommand({ service: 'web', desiredCount: 3 }));
    await expect.poll(async () => (await describeService('web'))?.runningCount, PATIENCE).toBe(3);
    await stand.client.send(new UpdateServiceCommand({ service: 'web', desiredCount: 1 }));
    await expect.poll(async () => (await describeService('web'))?.runningCount, PATIENCE).toBe(1);
    expect((await describeService('web'))?.deployments).toHaveLength(1);
  });

  const breaker = (rollback: boolean) => ({ ...STOP_FIRST, deploymentCircuitBreaker: { enable: true, rollback } });
  const crashing = { environment: [{ name: 'CRASH', value: 'yes' }] };

  it('gives up a deployment whose tasks do not start', async () => {
    await stand.createService('web', {
      taskDefinition: await stand.register('web', crashing),
      deploymentConfiguration: breaker(true),
    });
    await expect.poll(() => rolloutOf('web'), PATIENCE).toEqual(['PRIMARY FAILED']);
    expect((await describeService('web'))?.deployments?.[0]).toMatchObject({
      failedTasks: 3,
      rolloutStateReason: 'ECS deployment circuit breaker: tasks failed to start.',
    });
    expect(stand.ecs.tasks()).toHaveLength(3);
    expect(stand.ecs.tasks()[0]?.stoppedReason).toBe('Essential container in task exited (exit code 1)');
  });

  it('goes back to what ran before when a deployment fails', async () => {
    const good = await stand.register('web');
    const service = await stand.createService('web', { taskDefinition: good, deploymentConfiguration: breaker(true) });
    await service.untilSteady();
    const taskDefinition = await stand.register('web', crashing);
    await stand.client.send(new UpdateServiceCommand({ service: 'web', taskDefinition }));
    await expect.poll(async () => (await describeService('web'))?.taskDefinition, PATIENCE).toBe(taskDefinition);
    await expect.poll(async () => (await describeService('web'))?.taskDefinition, PATIENCE).toBe(good);
    await expect.poll(() => rolloutOf('web'), PATIENCE).toEqual(['PRIMARY COMPLETED']);
  });

  it('replaces a task that does not become healthy', async () => {
    const unhealthy = {
      environment: [{ name: 'UNHEALTHY', value: 'yes' }],
      healthCheck: { ...health, interval: 1 },
    };
    stand.environment['UNHEALTHY'] = 'yes';
    const service = await stand.createService('web', { taskDefinition: await stand.register('web', unhealthy) });
    await expect(service.untilSteady()).rejects.toThrow('did not become healthy within 1 s');
    const [first] = stand.ecs.tasks();
    const { tasks } = await stand.client.send(new DescribeTasksCommand({ tasks: [first?.arn ?? ''] }));
    expect(tasks?.[0]).toMatchObject({
      healthStatus: 'UNHEALTHY',
      stoppedReason: expect.stringContaining('health checks'),
    });
  });

  it('drains when it is deleted, is inactive when its tasks are gone, and can be made again', async () => {
    const taskDefinition = await stand.register('web');
    const service = await stand.createService('web', { taskDefinition });
    await service.untilSteady();
    await expect(stand.client.send(new DeleteServiceCommand({ service: 'web' }))).rejects.toMatchObject({
      name: 'InvalidParameterException',
    });
    const { service: deleted } = await stand.client.send(new DeleteServiceCommand({ service: 'web', force: true }));
    expect(deleted?.status).toBe('DRAINING');
    const again = new CreateServiceCommand({ serviceName: 'web', taskDefinition });
    await expect.poll(async () => (await describeService('web'))?.status, PATIENCE).toBe('INACTIVE');
    expect((await stand.client.send(new ListServicesCommand({}))).serviceArns).toEqual([]);
    await expect(stand.client.send(new DeleteServiceCommand({ service: 'web' }))).rejects.toMatchObject({
      name: 'ServiceNotActiveException',
    });
    await stand.client.send(again);
    expect((await describeService('web'))?.status).toBe('ACTIVE');
    await expect(stand.client.send(again)).rejects.toThrow('Creation of service was not idempotent.');
  });

  it('cannot be made again while its tasks are stopping', async () => {
    const taskDefinition = await stand.register('web');
    const service = await stand.createService('web', { taskDefinition });
    await service.untilSteady();
    service.delete();
    const again = createServiceSchema.parse({ serviceName: 'web', taskDefinition });
    expect(() => stand.ecs.createService(again)).toThrow('Unable to Start a service that is still Draining.');
  });

  it('lists services page by page', async () => {
    const taskDefinition = await stand.register('web');
    for (let index = 0; index < 12; index += 1) {
      await stand.createService(`web-${index}`, { taskDefinition, desiredCount: 0 });
    }
    const first = await stand.client.send(new ListServicesCommand({}));
    expect(first.serviceArns).toHaveLength(10);
    const second = await stand.client.send(new ListServicesCommand({ nextToken: first.nextToken }));
    expect(second).toMatchObject({ serviceArns: [expect.any(String), expect.any(String)] });
    expect(second.nextToken).toBeUndefined();
  });

  it.each([
    ['a service that is not there', () => new UpdateServiceCommand({ service: 'none' }), 'ServiceNotFoundException'],
    ['a cluster that is not there', () => new ListServicesCommand({ cluster: 'none' }), 'ClusterNotFoundException'],
    [
      'a definition that is not there',
      () => new CreateServiceCommand({ serviceName: 'web', taskDefinition: 'none' }),
      'ClientException',
    ],
    [
      'tasks of a service that is not there',
      () => new ListTasksCommand({ serviceName: 'none' }),
      'ServiceNotFoundException',
    ],
  ])('refuses %s', async (_name, command, name) => {
    await expect(stand.client.send(command() as ListTasksCommand)).rejects.toMatchObject({ name });
  });

  it('says which of the services asked for are missing', async () => {
    const answer = await stand.client.send(new DescribeServicesCommand({ services: ['none'] }));
    expect(answer).toMatchObject({ services: [], failures: [{ reason: 'MISSING' }] });
  });

  it('is started again at most as often as the stack allows, and then given up with a sentence', async () => {
    await stand.register('web');
    const events: string[] = [];
    const { promise: givenUp, resolve } = Promise.withResolvers<Error>();
    const service = stand.ecs.createService(createServiceSchema.parse({ serviceName: 'web', taskDefinition: 'web' }), {
      label: 'Product/Sandbox',
      restarts: { limit: 1, firstMilliseconds: 10, longestMilliseconds: 10 },
      onEvent: (sentence) => events.push(sentence),
      onGivenUp: resolve,
    });
    await service.untilSteady();
    const [first] = service.tasks();
    await fetch(`${first?.url}/crash`).catch(() => undefined);
    await expect.poll(() => service.tasks().some((task) => task !== first && task.isSteady), PATIENCE).toBe(true);
    service.tasks()[0]?.kill();

    expect((await givenUp).message).toBe(
      'The task Product/Sandbox crashed 2 times in a row, the last time with signal SIGKILL.',
    );
    expect(events).toEqual(['The task Product/Sandbox crashed (exit code 7) and is started again in 0.01 s.']);
  });
});
