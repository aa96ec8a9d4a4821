import * as z from 'zod';
import { DEVICE_ROLES } from './device-names.ts';
import { DEVICE_MODES, type DeviceShape, planDevice, type RolePlan } from './topology.ts';

const perRole = z.partialRecord(z.enum(DEVICE_ROLES), z.string());

/**
 * What should run for a number: one record per device, in one list. It is made before the first AWS resource of a device,
 * and removed after the last one, so whatever it does not name was not made, or is an orphan.
 */
export const deviceSchema = z.object({
  senderSid: z.string(),
  accountSid: z.string(),
  /** Where its API is reached in the fleet's network, without a final slash. */
  url: z.string(),
  /** The mode whose containers may be running now. */
  mode: z.enum(DEVICE_MODES),
  shards: z.int(),
  /**
   * Into how many shards the number is split at WhatsApp; absent until that is said. Whoever sets shards there says so here:
   * surplus coreapps are kept until then, since each shard needs one.
   */
  shardsInForce: z.int().optional(),
  /** The EFS access point of its media. */
  accessPointId: z.string().optional(),
  /** ARNs of its Cloud Map services. */
  registries: perRole.default({}),
  /** ARNs of the task definitions that its services run; complete once the device has been started. */
  definitions: perRole.default({}),
  /** Set once all containers ran: from then on they are kept running. */
  startedAt: z.string().optional(),
  /** Set when removal began: nothing of it is started any more. */
  stopping: z.boolean().optional(),
  /** How many runs in a row its services were not as they should be: something else may be changing them back. */
  repairs: z.int().optional(),
  /** What its health calls say. Absent while all is well. */
  trouble: z
    .object({
      /** ISO 8601 UTC. */
      since: z.string(),
      /** How often containers were restarted because of it, and when last. */
      restarts: z.int().default(0),
      restartedAt: z.string().optional(),
    })
    .optional(),
  createdAt: z.string(),
});
export type Device = z.infer<typeof deviceSchema>;

/**
 * The containers a device should have now. While it is cut into more shards than asked for, there are coreapps for all of
 * them: a shard without one is a share of the contacts who get nothing.
 */
export function planContainers(
  shape: DeviceShape,
  shardsInForce: number | undefined,
  options: { simulated: boolean },
): RolePlan[] {
  const plan = planDevice(shape, options);
  if (shape.mode === 'single' || shardsInForce === undefined || shardsInForce <= shape.shards) return plan;
  const inForce = planDevice({ mode: 'multiconnect', shards: shardsInForce }, options);
  return plan.map((role) => ({
    ...role,
    count: Math.max(role.count, inForce.find((other) => other.role === role.role)?.count ?? 0),
  }));
}
