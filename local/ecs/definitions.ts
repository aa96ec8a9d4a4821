import { z } from 'zod';
import { ServiceError } from '../protocol/service-error.ts';
import { definitionArn, nameOf } from './arns.ts';

const nameValue = z.object({ name: z.string(), value: z.coerce.string() });

/** What matters here of a container; the rest is kept as it was written and changes nothing on one machine. */
export const containerSchema = z
  .object({
    name: z.string(),
    image: z.string(),
    entryPoint: z.array(z.string()).optional(),
    command: z.array(z.string()).optional(),
    environment: z.array(nameValue).default([]),
    secrets: z.array(z.object({ name: z.string(), valueFrom: z.string() })).default([]),
    mountPoints: z.array(z.object({ sourceVolume: z.string(), containerPath: z.string() }).loose()).default([]),
    portMappings: z.array(z.object({ containerPort: z.coerce.number() }).loose()).default([]),
    healthCheck: z
      .object({
        interval: z.coerce.number().default(30),
        retries: z.coerce.number().default(3),
        startPeriod: z.coerce.number().default(0),
      })
      .loose()
      .optional(),
  })
  .loose();
export type Container = z.infer<typeof containerSchema>;

const volumeSchema = z
  .object({
    name: z.string(),
    efsVolumeConfiguration: z
      .object({
        fileSystemId: z.string(),
        rootDirectory: z.string().default('/'),
        authorizationConfig: z.object({ accessPointId: z.string().optional() }).loose().default({}),
      })
      .loose()
      .optional(),
  })
  .loose();
export type Volume = z.infer<typeof volumeSchema>;

export const tagsSchema = z.array(z.object({ key: z.string(), value: z.string().default('') })).default([]);
export type Tags = z.infer<typeof tagsSchema>;

/** `RegisterTaskDefinition`, and `AWS::ECS::TaskDefinition` once its keys are in the API's spelling. */
export const registerSchema = z
  .object({
    family: z.string(),
    containerDefinitions: z.array(containerSchema).length(1, 'one container per task is all that runs here'),
    volumes: z.array(volumeSchema).default([]),
    tags: tagsSchema,
  })
  .loose();

export interface TaskDefinition {
  arn: string;
  family: string;
  revision: number;
  status: 'ACTIVE' | 'INACTIVE' | 'DELETE_IN_PROGRESS';
  container: Container;
  volumes: Volume[];
  tags: Tags;
  /** As it was registered. */
  registered: Record<string, unknown>;
}

/** The task definitions of an account. */
export class TaskDefinitions {
  readonly #byArn = new Map<string, TaskDefinition>();
  /** The highest revision a family ever had; numbers are not used twice. */
  readonly #revisions = new Map<string, number>();

  register(input: unknown): TaskDefinition {
    const { tags, ...registered } = registerSchema.parse(input);
    const { family, volumes, containerDefinitions } = registered;
    const [container] = containerDefinitions;
    if (!container) throw new ServiceError('ClientException', 'There is no container.');
    for (const { sourceVolume } of container.mountPoints) {
      if (!volumes.some(({ name }) => name === sourceVolume)) {
        throw new ServiceError('ClientException', `Unknown volume '${sourceVolume}'.`);
      }
    }
    const revision = (this.#revisions.get(family) ?? 0) + 1;
    this.#revisions.set(family, revision);
    const arn = definitionArn(family, revision);
    const definition: TaskDefinition = {
      arn,
      family,
      revision,
      status: 'ACTIVE',
      container,
      volumes,
      tags,
      registered,
    };
    this.#byArn.set(arn, definition);
    return definition;
  }

  /**
   * By ARN, by `family:revision`, or by family, which means its latest active one.
   * @throws ServiceError ClientException when there is none
   */
  find(name: string): TaskDefinition {
    const wanted = nameOf(name);
    const found = wanted.includes(':')
      ? [...this.#byArn.values()].find(({ family, revision }) => wanted === `${family}:${revision}`)
      : this.list(wanted, 'ACTIVE').at(-1);
    if (!found) throw new ServiceError('ClientException', 'Unable to describe task definition.');
    return found;
  }

  /** @throws ServiceError ClientException unless it can still be run */
  findActive(name: string): TaskDefinition {
    const definition = this.find(name);
    if (definition.status !== 'ACTIVE') throw new ServiceError('ClientException', 'TaskDefinition is inactive');
    return definition;
  }

  /** Those of one family (all when undefined), oldest first. */
  list(family: string | undefined, status: TaskDefinition['status']): TaskDefinition[] {
    return [...this.#byArn.values()].filter(
      (definition) => definition.status === status && (family === undefined || definition.family === family),
    );
  }

  deregister(name: string): TaskDefinition {
    const definition = this.find(name);
    definition.status = 'INACTIVE';
    return definition;
  }

  /** Only what was deregistered can be deleted. @throws ServiceError InvalidParameterException otherwise */
  delete(name: string): TaskDefinition {
    const definition = this.find(name);
    if (definition.status === 'ACTIVE') {
      throw new ServiceError(
        'InvalidParameterException',
        'The specified task definition is still in ACTIVE status. Please deregister the target and try again.',
      );
    }
    definition.status = 'DELETE_IN_PROGRESS';
    this.#byArn.delete(definition.arn);
    return definition;
  }
}

/** A task definition in the API's words. */
export function describeDefinition({ arn, revision, status, registered }: TaskDefinition): Record<string, unknown> {
  return { ...registered, taskDefinitionArn: arn, revision, status };
}
