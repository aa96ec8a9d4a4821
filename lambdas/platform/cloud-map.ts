import {
  CreateServiceCommand,
  DeleteServiceCommand,
  ListServicesCommand,
  ListTagsForResourceCommand,
  ResourceInUse,
  ServiceAlreadyExists,
  ServiceDiscoveryClient,
  ServiceNotFound,
} from '@aws-sdk/client-servicediscovery';
import { type DeviceRole, deviceTags, dnsLabel, type Tags } from '../domain/device-names.ts';
import type { FleetSettings } from '../domain/fleet-settings.ts';

const serviceDiscovery = new ServiceDiscoveryClient({ maxAttempts: 6 });

/** How long, in seconds, a name may be remembered: about as long as a new container takes to answer. */
const TIME_TO_LIVE = 10;

/** A name in the fleet's network. */
export interface Registry {
  /** Its DNS label. */
  name: string;
  arn: string;
  /** In ms since the epoch. */
  createdAt: number;
}

/** The Cloud Map services of a gateway's namespace: each is a name for the containers of one role of one number. */
export class Registries {
  readonly #settings: FleetSettings;

  constructor(settings: FleetSettings) {
    this.#settings = settings;
  }

  /** Makes the name of a role, or finds it. @returns its ARN */
  async ensure(senderSid: string, role: DeviceRole): Promise<string> {
    const name = dnsLabel(senderSid, role);
    try {
      const { Service } = await serviceDiscovery.send(
        new CreateServiceCommand({
          Name: name,
          NamespaceId: this.#settings.namespaceId,
          CreatorRequestId: name,
          DnsConfig: { RoutingPolicy: 'MULTIVALUE', DnsRecords: [{ Type: 'A', TTL: TIME_TO_LIVE }] },
          // ECS tells it which containers are healthy.
          HealthCheckCustomConfig: { FailureThreshold: 1 },
          Tags: Object.entries(deviceTags(this.#settings, senderSid, role)).map(([Key, Value]) => ({ Key, Value })),
        }),
      );
      if (!Service?.Arn) throw new Error(`Cloud Map gave ${name} no ARN.`);
      return Service.Arn;
    } catch (error) {
      if (!(error instanceof ServiceAlreadyExists)) throw error;
      const arn = error.ServiceArn ?? (await this.list()).find((registry) => registry.name === name)?.arn;
      if (arn === undefined) throw error;
      return arn;
    }
  }

  /** All names of the namespace, whoever made them. */
  async list(): Promise<Registry[]> {
    const found: Registry[] = [];
    let NextToken: string | undefined;
    do {
      const page = await serviceDiscovery.send(
        new ListServicesCommand({
          Filters: [{ Name: 'NAMESPACE_ID', Values: [this.#settings.namespaceId], Condition: 'EQ' }],
          MaxResults: 100,
          ...(NextToken && { NextToken }),
        }),
      );
      for (const { Name = '', Arn = '', CreateDate } of page.Services ?? []) {
        found.push({ name: Name, arn: Arn, createdAt: CreateDate?.getTime() ?? 0 });
      }
      NextToken = page.NextToken;
    } while (NextToken);
    return found;
  }

  async tagsOf(arn: string): Promise<Tags> {
    const { Tags: tags = [] } = await serviceDiscovery.send(new ListTagsForResourceCommand({ ResourceARN: arn }));
    return Object.fromEntries(tags.map(({ Key = '', Value = '' }) => [Key, Value]));
  }

  /** Removes a name; one that is gone already is no error. @returns false while containers still answer to it */
  async remove(arn: string): Promise<boolean> {
    try {
      await serviceDiscovery.send(new DeleteServiceCommand({ Id: arn.slice(arn.lastIndexOf('/') + 1) }));
    } catch (error) {
      if (error instanceof ResourceInUse) return false;
      if (!(error instanceof ServiceNotFound) && !(await this.#isGone(arn, error))) throw error;
    }
    return true;
  }

  /** The gateway may remove what has its tag; of what is not there any more, AWS says that it may not. */
  async #isGone(arn: string, error: unknown): Promise<boolean> {
    if (!(error instanceof Error && error.name.startsWith('AccessDenied'))) return false;
    return (await this.list()).every((registry) => registry.arn !== arn);
  }
}
