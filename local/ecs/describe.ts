import { clusterArn, nameOf } from './arns.ts';
import type { Deployment } from './deployment.ts';
import type { Service } from './service.ts';
import type { Task } from './task.ts';

type Json = Record<string, unknown>;

/** A service in the API's words. Times are seconds since the epoch. */
export function describeService(service: Service, withTags: boolean): Json {
  const { description, desiredCount, status, deployments } = service;
  return {
    serviceArn: service.arn,
    serviceName: service.name,
    clusterArn: clusterArn(nameOf(description.cluster)),
    status,
    desiredCount,
    ...countsOf(service.tasks()),
    launchType: 'FARGATE',
    taskDefinition: service.primary.definition.arn,
    deploymentConfiguration: description.deploymentConfiguration,
    deployments: deployments.map((deployment) => describeDeployment(service, deployment)),
    serviceRegistries: description.serviceRegistries,
    networkConfiguration: description['networkConfiguration'],
    events: service.events.map(({ createdAt, ...event }) => ({ ...event, createdAt: createdAt / 1000 })),
    createdAt: service.createdAt / 1000,
    propagateTags: description.propagateTags,
    ...(withTags && { tags: description.tags }),
  };
}

function describeDeployment(service: Service, deployment: Deployment): Json {
  const { definition, createdAt, updatedAt, ...plain } = deployment;
  return {
    ...plain,
    taskDefinition: definition.arn,
    desiredCount: deployment.status === 'PRIMARY' ? service.desiredCount : 0,
    ...countsOf(service.tasks(deployment)),
    createdAt: createdAt / 1000,
    updatedAt: updatedAt / 1000,
  };
}

function countsOf(tasks: readonly Task[]): Json {
  return {
    runningCount: tasks.filter(({ lastStatus }) => lastStatus === 'RUNNING').length,
    pendingCount: tasks.filter(({ lastStatus }) => lastStatus === 'PENDING').length,
  };
}

/** A task in the API's words. */
export function describeTask(task: Task, withTags: boolean): Json {
  const { options, lastStatus, exitCode, port, stoppedReason } = task;
  const { definition } = options;
  const health = healthOf(task);
  const seconds = (at: number | undefined) => (at === undefined ? undefined : at / 1000);
  return {
    taskArn: task.arn,
    clusterArn: clusterArn(options.cluster),
    taskDefinitionArn: definition.arn,
    group: options.group,
    startedBy: options.startedBy,
    launchType: 'FARGATE',
    availabilityZone: 'us-east-1a',
    lastStatus,
    desiredStatus: task.desiredStatus,
    healthStatus: health,
    connectivity: lastStatus === 'RUNNING' ? 'CONNECTED' : undefined,
    createdAt: seconds(task.createdAt),
    startedAt: seconds(task.startedAt),
    stoppedAt: seconds(task.stoppedAt),
    stopCode: task.stopCode,
    stoppedReason,
    attachments: [
      {
        id: task.id,
        type: 'ElasticNetworkInterface',
        status: lastStatus === 'STOPPED' ? 'DELETED' : 'ATTACHED',
        details: [{ name: 'privateIPv4Address', value: '127.0.0.1' }],
      },
    ],
    containers: [
      {
        name: definition.container.name,
        image: definition.container.image,
        taskArn: task.arn,
        lastStatus,
        healthStatus: health,
        exitCode,
        networkInterfaces: [{ attachmentId: task.id, privateIpv4Address: '127.0.0.1' }],
        // All tasks share one address here, so a container's port is another one on the host.
        networkBindings: definition.container.portMappings.map(({ containerPort }) => ({
          bindIP: '127.0.0.1',
          containerPort,
          hostPort: port,
          protocol: 'tcp',
        })),
      },
    ],
    ...(withTags && { tags: options.tags }),
  };
}

/** ECS knows nothing of the health of a container that has no health check. */
function healthOf({ options, isHealthy, lastStatus, stoppedReason = '' }: Task): 'HEALTHY' | 'UNHEALTHY' | 'UNKNOWN' {
  if (!options.definition.container.healthCheck) return 'UNKNOWN';
  if (stoppedReason.includes('health checks')) return 'UNHEALTHY';
  return isHealthy && lastStatus === 'RUNNING' ? 'HEALTHY' : 'UNKNOWN';
}
