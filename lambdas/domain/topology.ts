import * as z from 'zod';
import type { DeviceRole } from './device-names.ts';

/** How many containers share a number's work; the words are WhatsApp's. */
export const DEVICE_MODES = ['single', 'high-availability', 'multiconnect'] as const;
export type DeviceMode = (typeof DEVICE_MODES)[number];

/** Into how many parts a number's contacts can be split, each with a connection of its own. */
export const SHARD_COUNTS = [1, 2, 4, 8, 16, 32] as const;

/** A device's shape, from its sender's fields (text). */
export const deviceShapeSchema = z.object({
  mode: z.enum(DEVICE_MODES).default('single'),
  shards: z.coerce
    .number()
    .refine((shards) => (SHARD_COUNTS as readonly number[]).includes(shards), `must be ${SHARD_COUNTS.join(', ')}`)
    .default(1),
});
export type DeviceShape = z.infer<typeof deviceShapeSchema>;

/** The containers of one role: one Fargate task each, all in one ECS service. */
export interface RolePlan {
  role: DeviceRole;
  count: number;
  /** Fargate's units: 1,024 are one vCPU. */
  cpu: number;
  memoryMiB: number;
  /** How far a deployment may go below `count`, in percent. */
  minimumHealthyPercent: number;
  /** Always 100: a new container comes only when an old one has gone, so a number never has two sessions. */
  maximumPercent: 100;
  /** Other containers find this role by its name, so it is registered in Cloud Map. */
  named: boolean;
}

/** One coreapp more than shards: when one is lost, the spare takes its shard within half a minute. */
const SPARE_COREAPPS = 1;

/** From here on two webs are the bottleneck (WhatsApp's own table: 250 messages a second and more). */
const THIRD_WEB_FROM_SHARDS = 32;

/** Memory is what WhatsApp's AWS template reserves for each; CPU is the least that keeps a coreapp's encryption going at its rate. */
const SIZES: Record<DeviceRole, { cpu: number; memoryMiB: number }> = {
  web: { cpu: 256, memoryMiB: 512 },
  master: { cpu: 512, memoryMiB: 1024 },
  coreapp: { cpu: 512, memoryMiB: 1024 },
};
const SIMULATED_SIZE = { cpu: 256, memoryMiB: 512 };

/** The least share of healthy containers in a deployment, as in WhatsApp's AWS template. */
const MINIMUM_HEALTHY: Record<DeviceRole, number> = { web: 25, master: 50, coreapp: 25 };

/** How many containers of each role a device has. A count of 0 is left out of its plan. */
function countsOf({ mode, shards }: DeviceShape): Record<DeviceRole, number> {
  switch (mode) {
    case 'single':
      return { web: 1, master: 0, coreapp: 1 };
    case 'high-availability':
      return { web: 2, master: 2, coreapp: 2 };
    case 'multiconnect':
      return { web: shards >= THIRD_WEB_FROM_SHARDS ? 3 : 2, master: 2, coreapp: shards + SPARE_COREAPPS };
  }
}

/** The containers that a device of this shape consists of, in the order they start. */
export function planDevice(shape: DeviceShape, { simulated }: { simulated: boolean }): RolePlan[] {
  const counts = countsOf(shape);
  const isSingle = shape.mode === 'single';
  const plan = (role: DeviceRole): RolePlan => ({
    role,
    count: counts[role],
    ...(simulated ? SIMULATED_SIZE : SIZES[role]),
    minimumHealthyPercent: isSingle ? 0 : MINIMUM_HEALTHY[role],
    maximumPercent: 100,
    // In the other modes masters and coreapps publish their own addresses in the database; each name in Cloud Map costs.
    named: role === 'web' || (isSingle && role === 'coreapp'),
  });
  return (['web', 'master', 'coreapp'] as const).map(plan).filter(({ count }) => count > 0);
}

/**
 * Whether going from one mode to the other must pass through no containers at all: a coreapp that works alone and one
 * that works with masters would both hold the number's session.
 */
export const needsCleanBreak = (from: DeviceMode, to: DeviceMode): boolean => (from === 'single') !== (to === 'single');
