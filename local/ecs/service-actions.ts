import { z } from 'zod';
import type { JsonActions } from '../protocol/json.ts';
import { pageOf, pageSchema } from '../protocol/pages.ts';
import { ServiceError } from '../protocol/service-error.ts';
import { serviceArn } from './arns.ts';
import { describeService } from './describe.ts';
import type { Ecs } from './ecs.ts';
import type { Service } from './service.ts';
import { createServiceSchema, deploymentConfigurationSchema } from './service-input.ts';

const clusterSchema = z.object({ cluster: z.string().optional() });
const serviceSchema = clusterSchema.extend({ service: z.string() });

const updateSchema = serviceSchema.extend({
  taskDefinition: z.string().optional(),
  desiredCount: z.number().int().min(0).optional(),
  forceNewDeployment: z.boolean().default(false),
  deploymentConfiguration: deploymentConfigurationSchema.optional(),
});

/** The calls that are about services. */
export function serviceActions(ecs: Ecs): JsonActions {
  const active = (cluster: string | undefined, name: string): Service => {
    const service = ecs.service(ecs.cluster(cluster), name);
    if (!service) throw new ServiceError('ServiceNotFoundException', 'Service not found.');
    if (service.status !== 'ACTIVE') throw new ServiceError('ServiceNotActiveException', 'Service was not ACTIVE.');
    return service;
  };
  return {
    CreateService(request) {
      const service = ecs.createService(createServiceSchema.parse(request));
      return { service: describeService(service, true) };
    },
    UpdateService(request) {
      const { cluster, service: name, ...changes } = updateSchema.parse(request);
      const service = active(cluster, name);
      const { taskDefinition, desiredCount, deploymentConfiguration } = changes;
      if (deploymentConfiguration) service.description.deploymentConfiguration = deploymentConfiguration;
      const definition = taskDefinition === undefined ? undefined : ecs.definitions.findActive(taskDefinition);
      service.update(
        definition ?? service.primary.definition,
        desiredCount ?? service.desiredCount,
        changes.forceNewDeployment,
      );
      return { service: describeService(service, true) };
    },
    DeleteService(request) {
      const {
        cluster,
        service: name,
        force,
      } = serviceSchema.extend({ force: z.boolean().default(false) }).parse(request);
      const service = active(cluster, name);
      if (!force && service.desiredCount > 0) {
        throw new ServiceError(
          'InvalidParameterException',
          'The service cannot be stopped while it is scaled above 0.',
        );
      }
      service.delete();
      return { service: describeService(service, true) };
    },
    DescribeServices(request) {
      const { cluster, services, include } = clusterSchema
        .extend({ services: z.array(z.string()).max(10), include: z.array(z.string()).default([]) })
        .parse(request);
      const clusterName = ecs.cluster(cluster);
      const found: unknown[] = [];
      const failures: unknown[] = [];
      for (const name of services) {
        const service = ecs.service(clusterName, name);
        if (service) found.push(describeService(service, include.includes('TAGS')));
        else failures.push({ arn: name.startsWith('arn:') ? name : serviceArn(clusterName, name), reason: 'MISSING' });
      }
      return { services: found, failures };
    },
    ListServices(request) {
      const wanted = pageSchema.extend(clusterSchema.shape).parse(request);
      const services = ecs.services(ecs.cluster(wanted.cluster)).filter(({ status }) => status !== 'INACTIVE');
      const { page, nextToken } = pageOf(
        services.map(({ arn }) => arn),
        wanted,
        10,
      );
      return { serviceArns: page, nextToken };
    },
    ListTagsForResource(request) {
      const { resourceArn } = z.object({ resourceArn: z.string() }).parse(request);
      const tagged = [
        ...ecs.services().map(({ arn, description }) => ({ arn, tags: description.tags })),
        ...ecs.tasks().map(({ arn, options }) => ({ arn, tags: options.tags })),
      ].find(({ arn }) => arn === resourceArn);
      if (tagged) return { tags: tagged.tags };
      return { tags: ecs.definitions.find(resourceArn).tags };
    },
  };
}
