import { z } from 'zod';
import { tagsSchema } from './definitions.ts';

const flag = z.union([z.boolean(), z.stringbool()]).default(false);
const breakerSchema = z.object({ enable: flag, rollback: flag }).loose().prefault({});

export const deploymentConfigurationSchema = z
  .object({
    maximumPercent: z.coerce.number().default(200),
    minimumHealthyPercent: z.coerce.number().default(100),
    deploymentCircuitBreaker: breakerSchema,
  })
  .loose();

/** `CreateService`, and `AWS::ECS::Service` once its keys are in the API's spelling. */
export const createServiceSchema = z
  .object({
    cluster: z.string().default('default'),
    serviceName: z.string(),
    taskDefinition: z.string(),
    desiredCount: z.coerce.number().default(1),
    clientToken: z.string().optional(),
    deploymentConfiguration: deploymentConfigurationSchema.prefault({}),
    serviceRegistries: z.array(z.object({ registryArn: z.string() }).loose()).default([]),
    propagateTags: z.string().optional(),
    tags: tagsSchema,
  })
  .loose();

/** What a service was made with. */
export type ServiceDescription = z.infer<typeof createServiceSchema>;

/** Gives the keys of a template's properties the API's spelling: `DesiredCount` becomes `desiredCount`. */
export function inApiSpelling(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(inApiSpelling);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, property]) => [
      key.charAt(0).toLowerCase() + key.slice(1),
      inApiSpelling(property),
    ]),
  );
}
