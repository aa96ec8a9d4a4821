import {
  CreateServiceCommand,
  DeleteServiceCommand,
  DescribeServicesCommand,
  ECSClient,
  ListServicesCommand,
  type Service,
  type Tag,
  UpdateServiceCommand,
} from '@aws-sdk/client-ecs';
import type { ServiceState, WantedService } from '../domain/convergence.ts';
import { deviceTags, ecsName, namePrefix, type Tags } from '../domain/device-names.ts';
import type { FleetSettings } from '../domain/fleet-settings.ts';

/** For every call to ECS. It is throttled per account, at a few calls a second: a busy fleet waits its turn. */
export const ecs = new ECSClient({ maxAttempts: 6 });

export const toEcsTags = (tags: Tags): Tag[] => Object.entries(tags).map(([key, value]) => ({ key, value }));
export const fromEcsTags = (tags: Tag[] = []): Tags =>
  Object.fromEntries(tags.map(({ key = '', value = '' }) => [key, value]));

/** The tasks' place in the network: private addresses only. */
export const networkOf = ({ subnets, securityGroups }: FleetSettings) => ({
  awsvpcConfiguration: { subnets, securityGroups, assignPublicIp: 'DISABLED' as const },
});

/** An ECS service of the fleet. */
export interface FleetService {
  name: string;
  state: ServiceState;
  tags: Tags;
  /** In ms since the epoch. */
  createdAt: number;
}

/** The ECS services of a gateway's cluster: one per number and role. */
export class FleetServices {
  readonly #settings: FleetSettings;

  constructor(settings: FleetSettings) {
    this.#settings = settings;
  }

  /** The names of all that begin with the gateway's prefix. */
  async list(): Promise<string[]> {
    const names: string[] = [];
    let nextToken: string | undefined;
    do {
      const page = await ecs.send(
        new ListServicesCommand({ cluster: this.#settings.cluster, maxResults: 100, ...(nextToken && { nextToken }) }),
      );
      names.push(...(page.serviceArns ?? []).map((arn) => arn.slice(arn.lastIndexOf('/') + 1)));
      nextToken = page.nextToken;
    } while (nextToken);
    return names.filter((name) => name.startsWith(namePrefix(this.#settings)));
  }

  /** Those of the named ones that exist, by name. Ones whose removal is complete count as gone. */
  async describe(names: readonly string[]): Promise<Map<string, FleetService>> {
    const found = new Map<string, FleetService>();
    // As many as one call takes.
    for (let at = 0; at < names.length; at += 10) {
      const { services = [] } = await ecs.send(
        new DescribeServicesCommand({
          cluster: this.#settings.cluster,
          services: names.slice(at, at + 10),
          include: ['TAGS'],
        }),
      );
      for (const service of services) {
        if (service.status !== 'INACTIVE') found.set(service.serviceName ?? '', serviceOf(service));
      }
    }
    return found;
  }

  /** Makes a service; one that exists already is left as it is. */
  async create(senderSid: string, wanted: WantedService, count: number, registryArn?: string): Promise<void> {
    try {
      await ecs.send(
        new CreateServiceCommand({
          cluster: this.#settings.cluster,
          serviceName: ecsName(this.#settings, senderSid, wanted.role),
          taskDefinition: wanted.definition,
          desiredCount: count,
          launchType: 'FARGATE',
          networkConfiguration: networkOf(this.#settings),
          ...(registryArn !== undefined && { serviceRegistries: [{ registryArn }] }),
          deploymentConfiguration: deploymentOf(wanted),
          // It starts the new container before it stops the old one, which would be a second session for a moment.
          availabilityZoneRebalancing: 'DISABLED',
          enableExecuteCommand: false,
          enableECSManagedTags: true,
          propagateTags: 'SERVICE',
          tags: toEcsTags(deviceTags(this.#settings, senderSid, wanted.role)),
        }),
      );
    } catch (error) {
      // Made by the same step a moment ago, before it was cut off; the next look sees it.
      if (!(error instanceof Error && /not idempotent/i.test(error.message))) throw error;
    }
  }

  /** @param restart new containers, though the definition may be the same */
  async update(senderSid: string, wanted: WantedService, count: number, restart: boolean): Promise<void> {
    await ecs.send(
      new UpdateServiceCommand({
        cluster: this.#settings.cluster,
        service: ecsName(this.#settings, senderSid, wanted.role),
        taskDefinition: wanted.definition,
        desiredCount: count,
        deploymentConfiguration: deploymentOf(wanted),
        availabilityZoneRebalancing: 'DISABLED',
        forceNewDeployment: restart,
      }),
    );
  }

  /** Stops its containers and removes it; one that is gone already is no error. */
  async remove(name: string): Promise<void> {
    try {
      await ecs.send(new DeleteServiceCommand({ cluster: this.#settings.cluster, service: name, force: true }));
    } catch (error) {
      if (!(error instanceof Error) || !/^ServiceNot(Found|Active)Exception$/.test(error.name)) throw error;
    }
  }
}

const deploymentOf = ({ minimumHealthyPercent, maximumPercent }: WantedService) => ({
  minimumHealthyPercent,
  maximumPercent,
  deploymentCircuitBreaker: { enable: true, rollback: true },
});

function serviceOf(service: Service): FleetService {
  const { desiredCount = 0, runningCount = 0, pendingCount = 0, deployments = [], taskDefinition = '' } = service;
  const primary = deployments.find(({ status }) => status === 'PRIMARY');
  const failed = primary?.rolloutState === 'FAILED';
  return {
    name: service.serviceName ?? '',
    state: {
      definition: taskDefinition,
      desired: desiredCount,
      running: runningCount,
      minimumHealthyPercent: service.deploymentConfiguration?.minimumHealthyPercent ?? 100,
      maximumPercent: service.deploymentConfiguration?.maximumPercent ?? 200,
      isSteady:
        primary?.rolloutState === 'COMPLETED' &&
        deployments.length === 1 &&
        runningCount === desiredCount &&
        pendingCount === 0,
      isDraining: service.status === 'DRAINING',
      ...(failed && { failure: primary.rolloutStateReason ?? 'the deployment failed' }),
    },
    tags: fromEcsTags(service.tags),
    createdAt: service.createdAt?.getTime() ?? 0,
  };
}
