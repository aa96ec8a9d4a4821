import { z } from 'zod';
import type { Calls } from '../protocol/calls.ts';
import { type JsonActions, type RunningServer, serveJson } from '../protocol/json.ts';
import { ServiceError } from '../protocol/service-error.ts';
import type { CloudMapRegistry, DiscoveryService } from './registry.ts';

/** Serves the calls of Cloud Map that this product makes, and no others. */
export async function serveCloudMap(registry: CloudMapRegistry, calls?: Calls): Promise<RunningServer> {
  return await serveJson({ name: 'Cloud Map', protocol: '1.1', actions: actionsOf(registry), calls });
}

const tags = z.array(z.object({ Key: z.string(), Value: z.string().default('') })).default([]);
const idSchema = z.object({ Id: z.string() });

const createSchema = z
  .object({
    Name: z.string(),
    NamespaceId: z.string().optional(),
    DnsConfig: z
      .object({
        NamespaceId: z.string().optional(),
        DnsRecords: z.array(z.object({ Type: z.literal('A'), TTL: z.number() })).length(1),
      })
      .loose(),
    Tags: tags,
  })
  .loose();

const listSchema = z.object({
  Filters: z.array(z.object({ Name: z.literal('NAMESPACE_ID'), Values: z.array(z.string()) }).loose()).default([]),
  MaxResults: z.number().int().min(1).max(100).default(100),
  NextToken: z.string().optional(),
});

function actionsOf(registry: CloudMapRegistry): JsonActions {
  return {
    CreateService(request) {
      const { Name, NamespaceId, DnsConfig, Tags } = createSchema.parse(request);
      const namespaceId = NamespaceId ?? DnsConfig.NamespaceId;
      if (namespaceId === undefined) throw new ServiceError('InvalidInput', 'A service needs a namespace.');
      return { Service: describe(registry.createService(namespaceId, Name, Tags)) };
    },
    DeleteService(request) {
      registry.deleteService(idSchema.parse(request).Id);
    },
    ListServices(request) {
      const { Filters, MaxResults, NextToken } = listSchema.parse(request);
      const wanted = registry
        .services()
        .filter(({ namespace }) => Filters.every(({ Values }) => Values.includes(namespace.id)));
      const from = Number(NextToken ?? 0);
      const to = from + MaxResults;
      return {
        Services: wanted.slice(from, to).map(describe),
        NextToken: to < wanted.length ? String(to) : undefined,
      };
    },
    ListTagsForResource(request) {
      const { ResourceARN } = z.object({ ResourceARN: z.string() }).parse(request);
      const service = registry.services().find(({ arn }) => arn === ResourceARN);
      if (!service) throw new ServiceError('ResourceNotFoundException', `No resource ${ResourceARN}.`);
      return { Tags: service.tags };
    },
  };
}

function describe({ id, arn, name, namespace, instances, createdAt }: DiscoveryService): Record<string, unknown> {
  return {
    Id: id,
    Arn: arn,
    Name: name,
    NamespaceId: namespace.id,
    InstanceCount: instances.size,
    CreateDate: createdAt / 1000,
  };
}
