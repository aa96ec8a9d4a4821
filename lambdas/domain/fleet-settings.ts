import * as z from 'zod';

const arn = z.string().regex(/^arn:[\w-]+:[\w-]+:/, 'must be an ARN');

/**
 * What the gateway's network, cluster, database and file system are called, and what its devices run: the JSON text in the
 * `FLEET` variable of each function that makes or repairs devices. `lib/fleet/` writes it.
 */
export const fleetSettingsSchema = z.object({
  /** Says which gateway a resource belongs to: lower-case hex digits of the storage's address. In every name and tag. */
  gateway: z.string().regex(/^[0-9a-f]{12,32}$/),
  region: z.string().min(1),
  /** The ECS cluster's ARN; nothing runs in it but this gateway's devices. */
  cluster: arn,
  /** Private ones, in different availability zones. Fargate spreads a service's tasks over them. */
  subnets: z.array(z.string().min(1)).min(1),
  securityGroups: z.array(z.string().min(1)).min(1),
  /** Pulls images, writes logs, reads senders' secrets. */
  executionRoleArn: arn,
  /** What a device's own processes may do: mount the file system. */
  taskRoleArns: z.object({ device: arn }),
  /** The Cloud Map namespace, by id (`ns-…`) and by name (`switchboard.internal`). */
  namespaceId: z.string().min(1),
  namespace: z.string().regex(/^[a-z0-9-]+(\.[a-z0-9-]+)*$/),
  /** The name of the log group of all devices. */
  logGroup: z.string().min(1),
  /** The Aurora MySQL cluster, reached by the Data API with the credentials in the secret, and by devices at host and port. */
  databaseClusterArn: arn,
  databaseSecretArn: arn,
  databaseHost: z.string().min(1),
  databasePort: z.coerce.number().int().min(1).max(65_535),
  /** The EFS file system of all devices' media. */
  fileSystemId: z.string().min(1),
  /** By name and tag or digest. A simulator's is the same for both. */
  images: z.object({ web: z.string().min(1), coreapp: z.string().min(1) }),
  /** `true` when the images are the device simulator. */
  simulated: z.boolean(),
  /** What the images call themselves, such as `v2.53.2`. */
  version: z.string().min(1).optional(),
  cpuArchitecture: z.enum(['ARM64', 'X86_64']),
  /** Where a device's web containers answer: `http` and 8080 for a simulator, `https` and 443 for WhatsApp's. */
  scheme: z.enum(['http', 'https']),
  webPort: z.number().int().min(1).max(65_535),
});
export type FleetSettings = z.infer<typeof fleetSettingsSchema>;

/** Reads the `FLEET` variable; throws a sentence that names each missing or wrong field. */
export function parseFleetSettings(json: string): FleetSettings {
  const parsed = fleetSettingsSchema.safeParse(JSON.parse(json));
  if (parsed.success) return parsed.data;
  const wrong = parsed.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`).join('; ');
  throw new Error(`The FLEET variable is incomplete: ${wrong}. lib/fleet/ writes it.`);
}
