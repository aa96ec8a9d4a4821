import { z } from 'zod';
import type { JsonActions } from '../protocol/json.ts';
import { pageOf, pageSchema } from '../protocol/pages.ts';
import { ServiceError } from '../protocol/service-error.ts';
import { nameOf, taskArn } from './arns.ts';
import { tagsSchema } from './definitions.ts';
import { describeTask } from './describe.ts';
import type { Ecs } from './ecs.ts';
import type { Task } from './task.ts';

const clusterSchema = z.object({ cluster: z.string().optional() });

const runSchema = clusterSchema.extend({
  taskDefinition: z.string(),
  count: z.literal(1).default(1),
  startedBy: z.string().default(''),
  group: z.string().optional(),
  clientToken: z.string().optional(),
  tags: tagsSchema,
  overrides: z
    .object({
      containerOverrides: z
        .array(z.object({ name: z.string(), command: z.array(z.string()).optional() }))
        .max(1)
        .default([]),
    })
    .loose()
    .default({ containerOverrides: [] }),
});

/** The calls that are about tasks. */
export function taskActions(ecs: Ecs): JsonActions {
  /** A repeated token means the task that it started. */
  const started = new Map<string, Task>();
  const find = (cluster: string, nameOrArn: string) =>
    ecs.tasks(cluster).find(({ arn }) => arn === taskArn(cluster, nameOf(nameOrArn)));
  return {
    RunTask(request) {
      const { taskDefinition, startedBy, group, tags, clientToken, overrides, ...rest } = runSchema.parse(request);
      const cluster = ecs.cluster(rest.cluster);
      const known = clientToken === undefined ? undefined : started.get(clientToken);
      if (known) return { tasks: [describeTask(known, true)], failures: [] };
      const task = ecs.runTask({
        cluster,
        definition: ecs.definitions.findActive(taskDefinition),
        override: overrides.containerOverrides[0]?.command,
        startedBy,
        group,
        tags,
      });
      if (clientToken !== undefined) started.set(clientToken, task);
      return { tasks: [describeTask(task, true)], failures: [] };
    },
    StopTask(request) {
      const { cluster, task, reason } = clusterSchema
        .extend({ task: z.string(), reason: z.string().default('Task stopped by user') })
        .parse(request);
      const found = find(ecs.cluster(cluster), task);
      if (!found) {
        throw new ServiceError('InvalidParameterException', 'The referenced task was not found.');
      }
      void found.stop('UserInitiated', reason);
      return { task: describeTask(found, false) };
    },
    DescribeTasks(request) {
      const { cluster, tasks, include } = clusterSchema
        .extend({ tasks: z.array(z.string()).max(100), include: z.array(z.string()).default([]) })
        .parse(request);
      const clusterName = ecs.cluster(cluster);
      const found: unknown[] = [];
      const failures: unknown[] = [];
      for (const name of tasks) {
        const task = find(clusterName, name);
        if (task) found.push(describeTask(task, include.includes('TAGS')));
        else failures.push({ arn: taskArn(clusterName, nameOf(name)), reason: 'MISSING' });
      }
      return { tasks: found, failures };
    },
    ListTasks(request) {
      const wanted = pageSchema
        .extend(clusterSchema.shape)
        .extend({
          family: z.string().optional(),
          serviceName: z.string().optional(),
          startedBy: z.string().optional(),
          desiredStatus: z.enum(['RUNNING', 'STOPPED']).default('RUNNING'),
        })
        .parse(request);
      const cluster = ecs.cluster(wanted.cluster);
      if (wanted.serviceName !== undefined && !ecs.service(cluster, wanted.serviceName)) {
        throw new ServiceError('ServiceNotFoundException', 'Service not found.');
      }
      const group = wanted.serviceName && `service:${nameOf(wanted.serviceName)}`;
      const arns = ecs
        .tasks(cluster)
        .filter(({ desiredStatus }) => desiredStatus === wanted.desiredStatus)
        .filter(({ options }) => wanted.family === undefined || options.definition.family === wanted.family)
        .filter(({ options }) => group === undefined || options.group === group)
        .filter(({ options }) => wanted.startedBy === undefined || options.startedBy === wanted.startedBy)
        .map(({ arn }) => arn);
      const { page, nextToken } = pageOf(arns, wanted);
      return { taskArns: page, nextToken };
    },
  };
}
