import {
  CreateServiceCommand,
  DeleteServiceCommand,
  GetInstanceCommand,
  ListServicesCommand,
  ListTagsForResourceCommand,
  ServiceAlreadyExists,
  ServiceDiscoveryClient,
} from '@aws-sdk/client-servicediscovery';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CloudMapRegistry, type Namespace } from '../../../local/cloud-map/registry.ts';
import { serveCloudMap } from '../../../local/cloud-map/server.ts';
import type { RunningServer } from '../../../local/protocol/json.ts';

describe('The local Cloud Map', () => {
  const registry = new CloudMapRegistry();
  let server: RunningServer;
  let client: ServiceDiscoveryClient;
  let namespace: Namespace;

  beforeAll(async () => {
    server = await serveCloudMap(registry);
    client = new ServiceDiscoveryClient({
      endpoint: server.url,
      region: 'us-east-1',
      credentials: { accessKeyId: 'a', secretAccessKey: 'b' },
      maxAttempts: 1,
    });
    namespace = registry.createNamespace('fleet.internal');
  });

  afterAll(async () => {
    client.destroy();
    await server.stop();
  });

  const create = (Name: string, NamespaceId = namespace.id) =>
    client.send(
      new CreateServiceCommand({
        Name,
        NamespaceId,
        DnsConfig: { RoutingPolicy: 'MULTIVALUE', DnsRecords: [{ Type: 'A', TTL: 10 }] },
        Tags: [{ Key: 'role', Value: 'web' }],
      }),
    );

  it('makes a service, lists it page by page, tells its tags, and deletes it', async () => {
    const { Service } = await create('web-1');
    await create('web-2');
    expect(Service).toMatchObject({ Name: 'web-1', Id: expect.stringMatching(/^srv-/), CreateDate: expect.any(Date) });
    const Filters = [{ Name: 'NAMESPACE_ID' as const, Values: [namespace.id], Condition: 'EQ' as const }];
    const first = await client.send(new ListServicesCommand({ Filters, MaxResults: 1 }));
    const second = await client.send(new ListServicesCommand({ Filters, MaxResults: 1, NextToken: first.NextToken }));
    expect([...(first.Services ?? []), ...(second.Services ?? [])].map(({ Name }) => Name)).toEqual(['web-1', 'web-2']);
    expect(second.NextToken).toBeUndefined();
    const { Tags } = await client.send(new ListTagsForResourceCommand({ ResourceARN: Service?.Arn }));
    expect(Tags).toEqual([{ Key: 'role', Value: 'web' }]);

    await client.send(new DeleteServiceCommand({ Id: Service?.Id }));
    await expect(client.send(new DeleteServiceCommand({ Id: Service?.Id }))).rejects.toMatchObject({
      name: 'ServiceNotFound',
    });
  });

  it('says whose a name is that is taken', async () => {
    const { Service } = await create('taken');
    const error = await create('taken').catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(ServiceAlreadyExists);
    expect(error).toMatchObject({ ServiceId: Service?.Id, ServiceArn: Service?.Arn });
  });

  it('keeps a service that has instances, and leads its name to each of them in turn', async () => {
    const { Service } = await create('busy');
    const { instances } = registry.service(Service?.Id ?? '');
    expect(registry.resolve('busy.fleet.internal')).toBeUndefined();
    instances.set('a', 'http://127.0.0.1:1').set('b', 'http://127.0.0.1:2');
    const led = [1, 2, 3, 4].map(() => registry.resolve('busy.fleet.internal'));
    expect(led.filter((url) => url === 'http://127.0.0.1:1')).toHaveLength(2);
    expect(registry.resolve('busy.other.internal')).toBeUndefined();

    await expect(client.send(new DeleteServiceCommand({ Id: Service?.Id }))).rejects.toMatchObject({
      name: 'ResourceInUse',
    });
    instances.clear();
    await client.send(new DeleteServiceCommand({ Id: Service?.Id }));
  });

  it('refuses a namespace that is not there, and by name what this product does not use', async () => {
    await expect(create('x', 'ns-none')).rejects.toMatchObject({ name: 'NamespaceNotFound' });
    await expect(client.send(new GetInstanceCommand({ ServiceId: 'x', InstanceId: 'y' }))).rejects.toThrow(
      'The local Cloud Map does not know GetInstance.',
    );
  });
});
