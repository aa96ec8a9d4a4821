import { z } from 'zod';
import type { JsonActions } from '../protocol/json.ts';
import { pageOf, pageSchema } from '../protocol/pages.ts';
import { ServiceError } from '../protocol/service-error.ts';
import { describeDefinition } from './definitions.ts';
import type { Ecs } from './ecs.ts';

const nameSchema = z.object({ taskDefinition: z.string() });
const status = z.enum(['ACTIVE', 'INACTIVE', 'DELETE_IN_PROGRESS']).default('ACTIVE');

/** The calls that are about task definitions. */
export function definitionActions({ definitions }: Ecs): JsonActions {
  return {
    RegisterTaskDefinition(request) {
      const definition = definitions.register(request);
      return { taskDefinition: describeDefinition(definition), tags: definition.tags };
    },
    DescribeTaskDefinition(request) {
      const definition = definitions.find(nameSchema.parse(request).taskDefinition);
      return { taskDefinition: describeDefinition(definition), tags: definition.tags };
    },
    DeregisterTaskDefinition(request) {
      return { taskDefinition: describeDefinition(definitions.deregister(nameSchema.parse(request).taskDefinition)) };
    },
    DeleteTaskDefinitions(request) {
      const { taskDefinitions } = z.object({ taskDefinitions: z.array(z.string()).max(10) }).parse(request);
      const deleted: unknown[] = [];
      const failures: unknown[] = [];
      for (const name of taskDefinitions) {
        try {
          deleted.push(describeDefinition(definitions.delete(name)));
        } catch (error) {
          if (!(error instanceof ServiceError)) throw error;
          failures.push({ arn: name, reason: error.message });
        }
      }
      return { taskDefinitions: deleted, failures };
    },
    ListTaskDefinitions(request) {
      const wanted = pageSchema.extend({ familyPrefix: z.string().optional(), status }).parse(request);
      const arns = definitions.list(wanted.familyPrefix, wanted.status).map(({ arn }) => arn);
      const { page, nextToken } = pageOf(arns, wanted);
      return { taskDefinitionArns: page, nextToken };
    },
    ListTaskDefinitionFamilies(request) {
      const wanted = pageSchema
        .extend({ familyPrefix: z.string().default(''), status: z.enum(['ACTIVE', 'INACTIVE', 'ALL']).default('ALL') })
        .parse(request);
      const active = new Set(definitions.list(undefined, 'ACTIVE').map(({ family }) => family));
      const inactive = definitions.list(undefined, 'INACTIVE').map(({ family }) => family);
      // A family is inactive when no revision of it is active.
      const families = {
        ACTIVE: [...active],
        INACTIVE: inactive.filter((family) => !active.has(family)),
        ALL: [...active, ...inactive],
      }[wanted.status];
      const matching = [...new Set(families)].filter((family) => family.startsWith(wanted.familyPrefix)).sort();
      const { page, nextToken } = pageOf(matching, wanted);
      return { families: page, nextToken };
    },
  };
}
