import { z } from 'zod';
import { serviceArn } from '../ecs/arns.ts';
import { createServiceSchema, inApiSpelling } from '../ecs/service-input.ts';
import { generateSecretString } from '../secrets/generate.ts';
import type { Handler } from '../template/provision.ts';
import type { Emulators, Made } from './emulators.ts';

const clusterSchema = z.object({ ClusterName: z.string().optional() });
const definitionSchema = z.object({ Family: z.string().optional() }).loose();
const serviceSchema = z.object({ ServiceName: z.string().optional() }).loose();
const namespaceSchema = z.object({ Name: z.string() });
const discoverySchema = z.object({
  Name: z.string(),
  NamespaceId: z.string().optional(),
  DnsConfig: z.object({ NamespaceId: z.string().optional() }).loose().default({}),
});
const databaseSchema = z
  .object({ Port: z.coerce.number().default(3306), ManageMasterUserPassword: z.unknown(), MasterUsername: z.unknown() })
  .loose();

/** Containers, and what they share: names, file systems, databases. */
export function fleetHandlers(emulators: Emulators, made: Made): Record<string, Handler> {
  const { ecs, cloudMap, fileSystems, databases, secrets } = emulators;
  return {
    'AWS::ECS::Cluster'({ logicalId, properties }) {
      const { ClusterName = logicalId } = clusterSchema.parse(properties);
      return { ref: ClusterName, attributes: { Arn: ecs.createCluster(ClusterName) } };
    },

    'AWS::ECS::TaskDefinition'({ logicalId, properties }) {
      const { Family = logicalId, ...rest } = definitionSchema.parse(properties);
      const { arn } = ecs.definitions.register(inApiSpelling({ ...rest, Family }));
      return { ref: arn, attributes: { TaskDefinitionArn: arn } };
    },

    'AWS::ECS::Service'({ logicalId, path, properties }) {
      const { ServiceName = logicalId, ...rest } = serviceSchema.parse(properties);
      const description = createServiceSchema.parse(inApiSpelling({ ...rest, ServiceName }));
      made.services.push(() => ecs.createService(description, { ...emulators.serviceRunning, label: path }));
      const arn = serviceArn(ecs.cluster(description.cluster), ServiceName);
      return { ref: arn, attributes: { Name: ServiceName, ServiceArn: arn } };
    },

    'AWS::ServiceDiscovery::PrivateDnsNamespace'({ properties }) {
      const { id, arn } = cloudMap.createNamespace(namespaceSchema.parse(properties).Name);
      return { ref: id, attributes: { Id: id, Arn: arn } };
    },

    'AWS::ServiceDiscovery::Service'({ properties }) {
      const { Name, NamespaceId, DnsConfig } = discoverySchema.parse(properties);
      const { id, arn } = cloudMap.createService(NamespaceId ?? DnsConfig.NamespaceId ?? '', Name);
      return { ref: id, attributes: { Id: id, Arn: arn, Name } };
    },

    async 'AWS::EFS::FileSystem'() {
      const { id, arn } = await fileSystems.createFileSystem();
      return { ref: id, attributes: { FileSystemId: id, Arn: arn } };
    },

    'AWS::RDS::DBCluster'({ logicalId, properties }) {
      const { Port, ManageMasterUserPassword, MasterUsername } = databaseSchema.parse(properties);
      // RDS's identifiers have no capitals.
      const identifier = logicalId.toLowerCase();
      const attributes: Record<string, string> = {
        DBClusterArn: databases.create(identifier),
        'Endpoint.Address': `${identifier}.cluster.local`,
        'Endpoint.Port': String(Port),
      };
      if (ManageMasterUserPassword) {
        const document = JSON.stringify({ username: MasterUsername });
        const value = generateSecretString({ SecretStringTemplate: document, GenerateStringKey: 'password' });
        attributes['MasterUserSecret.SecretArn'] = secrets.store.create(`rds!cluster-${identifier}`, value).arn;
      }
      return { ref: identifier, attributes };
    },
  };
}
