import {
  type ContainerDefinition,
  DeleteTaskDefinitionsCommand,
  DeregisterTaskDefinitionCommand,
  DescribeTaskDefinitionCommand,
  ListTaskDefinitionFamiliesCommand,
  ListTaskDefinitionsCommand,
  RegisterTaskDefinitionCommand,
  type RegisterTaskDefinitionCommandInput,
  type TaskDefinition,
} from '@aws-sdk/client-ecs';
import { MEDIA_PATH, type TaskPlan } from '../domain/device-container.ts';
import type { Tags } from '../domain/device-names.ts';
import { namePrefix } from '../domain/device-names.ts';
import type { FleetSettings } from '../domain/fleet-settings.ts';
import { ecs, fromEcsTags, toEcsTags } from './ecs.ts';

/** What a task definition needs beside its plan. */
export interface TaskResources {
  accessPointId: string;
  /** The sender's secret, by its whole ARN: ECS takes single keys of a secret by nothing less. */
  secretArn?: string;
}

/** A task definition that is in use, or could be. */
export interface FamilyState {
  family: string;
  tags: Tags;
  /** In ms since the epoch. */
  registeredAt: number;
}

/** The gateway's task definitions: one family per number and role. */
export class TaskDefinitions {
  readonly #settings: FleetSettings;

  constructor(settings: FleetSettings) {
    this.#settings = settings;
  }

  /** The ARN of a definition that is as planned: the family's newest one if it is, otherwise a new one. */
  async ensure(plan: TaskPlan, resources: TaskResources): Promise<string> {
    const wanted = inputOf(plan, resources, this.#settings);
    const newest = await this.#newest(plan.family);
    if (newest?.definition.taskDefinitionArn && runsTheSame(newest.definition, wanted)) {
      return newest.definition.taskDefinitionArn;
    }
    const { taskDefinition } = await ecs.send(new RegisterTaskDefinitionCommand(wanted));
    if (!taskDefinition?.taskDefinitionArn) throw new Error(`ECS gave the definition of ${plan.family} no ARN.`);
    return taskDefinition.taskDefinitionArn;
  }

  /** A family's newest definition; undefined when it has none that is active. */
  async describe(family: string): Promise<FamilyState | undefined> {
    const newest = await this.#newest(family);
    if (!newest) return undefined;
    return { family, tags: newest.tags, registeredAt: newest.definition.registeredAt?.getTime() ?? 0 };
  }

  /** All families with the gateway's prefix. */
  async families(): Promise<string[]> {
    const families: string[] = [];
    let nextToken: string | undefined;
    do {
      const page = await ecs.send(
        new ListTaskDefinitionFamiliesCommand({
          familyPrefix: namePrefix(this.#settings),
          status: 'ACTIVE',
          ...(nextToken && { nextToken }),
        }),
      );
      families.push(...(page.families ?? []));
      nextToken = page.nextToken;
    } while (nextToken);
    return families;
  }

  /** Removes every definition of a family. ECS lets go of each when no task uses it any more. */
  async remove(family: string): Promise<void> {
    for (const taskDefinition of await this.#list(family, 'ACTIVE')) {
      await ecs.send(new DeregisterTaskDefinitionCommand({ taskDefinition }));
    }
    const inactive = await this.#list(family, 'INACTIVE');
    for (let at = 0; at < inactive.length; at += 10) {
      await ecs.send(new DeleteTaskDefinitionsCommand({ taskDefinitions: inactive.slice(at, at + 10) }));
    }
  }

  async #newest(family: string): Promise<{ definition: TaskDefinition; tags: Tags } | undefined> {
    try {
      const { taskDefinition, tags } = await ecs.send(
        new DescribeTaskDefinitionCommand({ taskDefinition: family, include: ['TAGS'] }),
      );
      return taskDefinition && { definition: taskDefinition, tags: fromEcsTags(tags) };
    } catch (error) {
      // All that ECS says of a family without an active definition: "Unable to describe task definition."
      if (error instanceof Error && error.name === 'ClientException' && /unable to describe/i.test(error.message)) {
        return undefined;
      }
      throw error;
    }
  }

  async #list(family: string, status: 'ACTIVE' | 'INACTIVE'): Promise<string[]> {
    const arns: string[] = [];
    let nextToken: string | undefined;
    do {
      const page = await ecs.send(
        new ListTaskDefinitionsCommand({ familyPrefix: family, status, ...(nextToken && { nextToken }) }),
      );
      arns.push(...(page.taskDefinitionArns ?? []));
      nextToken = page.nextToken;
    } while (nextToken);
    return arns;
  }
}

const VOLUME = 'media';

function inputOf(
  plan: TaskPlan,
  { accessPointId, secretArn }: TaskResources,
  settings: FleetSettings,
): RegisterTaskDefinitionCommandInput {
  const secrets = Object.entries(plan.secrets);
  if (secrets.length > 0 && secretArn === undefined) throw new Error(`${plan.family} needs the sender's secret.`);
  return {
    family: plan.family,
    requiresCompatibilities: ['FARGATE'],
    networkMode: 'awsvpc',
    cpu: String(plan.cpu),
    memory: String(plan.memoryMiB),
    executionRoleArn: settings.executionRoleArn,
    taskRoleArn: settings.taskRoleArns.device,
    runtimePlatform: { cpuArchitecture: settings.cpuArchitecture, operatingSystemFamily: 'LINUX' },
    containerDefinitions: [
      {
        name: plan.logPrefix,
        image: plan.image,
        essential: true,
        ...(plan.command && { command: plan.command }),
        environment: Object.entries(plan.environment).map(([name, value]) => ({ name, value })),
        secrets: secrets.map(([name, key]) => ({ name, valueFrom: `${secretArn}:${key}::` })),
        portMappings: plan.ports.map((port) => ({ containerPort: port, hostPort: port, protocol: 'tcp' as const })),
        mountPoints: [{ sourceVolume: VOLUME, containerPath: MEDIA_PATH, readOnly: false }],
        stopTimeout: plan.stopTimeoutSeconds,
        linuxParameters: { capabilities: { drop: ['MKNOD'] } },
        ...(plan.healthCheck && {
          healthCheck: {
            command: plan.healthCheck.command,
            interval: plan.healthCheck.intervalSeconds,
            retries: plan.healthCheck.retries,
            startPeriod: plan.healthCheck.startPeriodSeconds,
            timeout: 5,
          },
        }),
        logConfiguration: {
          logDriver: 'awslogs',
          options: {
            'awslogs-group': settings.logGroup,
            'awslogs-region': settings.region,
            'awslogs-stream-prefix': plan.logPrefix,
          },
        },
      },
    ],
    volumes: [
      {
        name: VOLUME,
        efsVolumeConfiguration: {
          fileSystemId: settings.fileSystemId,
          transitEncryption: 'ENABLED',
          authorizationConfig: { accessPointId, iam: 'ENABLED' },
        },
      },
    ],
    tags: toEcsTags(plan.tags),
  };
}

/** What would change what runs, were it there unasked. ECS fills in many other fields by itself. */
const MUST_BE_ABSENT = ['command', 'entryPoint', 'user', 'workingDirectory', 'privileged', 'dependsOn'] as const;

/** Whether a definition runs what another asks for: all of its fields are there, lists with nothing more in them. */
function runsTheSame(actual: TaskDefinition, wanted: RegisterTaskDefinitionCommandInput): boolean {
  // Tags are answered beside the definition, and say nothing about what runs.
  const { tags: _, ...definition } = wanted;
  return holds(actual, definition) && !addsToContainers(actual.containerDefinitions, wanted.containerDefinitions);
}

function addsToContainers(actual: ContainerDefinition[] = [], wanted: ContainerDefinition[] = []): boolean {
  return actual.some((container, index) =>
    MUST_BE_ABSENT.some((field) => !isEmpty(container[field]) && isEmpty(wanted[index]?.[field])),
  );
}

const isEmpty = (value: unknown): boolean =>
  value === undefined || value === null || value === false || (Array.isArray(value) && value.length === 0);

function holds(actual: unknown, wanted: unknown): boolean {
  if (Array.isArray(wanted)) {
    const [has, wants] = [sorted(Array.isArray(actual) ? actual : []), sorted(wanted)];
    return has.length === wants.length && wants.every((value, index) => holds(has[index], value));
  }
  if (typeof wanted === 'object' && wanted !== null) {
    if (typeof actual !== 'object' || actual === null) return false;
    return Object.entries(wanted).every(([key, value]) => holds((actual as Record<string, unknown>)[key], value));
  }
  return actual === wanted;
}

/** Lists of named things come back in any order; others, such as a command, keep theirs. */
function sorted(list: unknown[]): unknown[] {
  const nameOf = (value: unknown) =>
    typeof value === 'object' && value !== null && 'name' in value ? String(value.name) : undefined;
  return list.every((value) => nameOf(value) !== undefined)
    ? list.toSorted((one, other) => (String(nameOf(one)) < String(nameOf(other)) ? -1 : 1))
    : list;
}
