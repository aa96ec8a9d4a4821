import { parseDnsLabel, parseEcsName, type Tags, taggedSender } from '../domain/device-names.ts';
import { sidTime } from '../domain/sid.ts';
import { removeDevice } from '../fleet/remove-device.ts';
import type { FleetService } from '../platform/ecs.ts';
import { logger } from '../platform/log.ts';
import { GRACE_MS, type Reconciler } from './reconciler.ts';

/** Something that is there for a sender. */
interface Found {
  senderSid: string;
  what: string;
  /** In ms since the epoch; 0 where AWS does not say. */
  createdAt: number;
  tags: () => Tags | Promise<Tags>;
}

/**
 * Looks for what was made for senders that are no more, and removes it: services, task definitions, names in the network,
 * access points with their files, databases. Nothing is touched that does not carry this gateway's tag, and nothing that is
 * younger than an hour.
 * @param known the senders that have a device
 * @returns how many senders had something left that was removed, and how many had something that was left alone
 */
export async function removeOrphans(
  known: ReadonlySet<string>,
  services: ReadonlyMap<string, FleetService>,
  reconciler: Reconciler,
): Promise<{ removed: number; failed: number }> {
  const bySender = Map.groupBy(await everything(services, reconciler), ({ senderSid }) => senderSid);
  let removed = 0;
  let failed = 0;
  for (const [senderSid, found] of bySender) {
    if (known.has(senderSid) || !(await isGone(senderSid, reconciler))) continue;
    const youngest = Math.max(sidTime(senderSid), ...found.map(({ createdAt }) => createdAt));
    if (reconciler.now() - youngest < GRACE_MS) continue;
    try {
      await removeIfOurs(senderSid, found, reconciler);
      removed += 1;
    } catch (error) {
      failed += 1;
      logger.error('orphans could not be removed', { senderSid, error: error as Error });
    }
  }
  return { removed, failed };
}

async function removeIfOurs(senderSid: string, found: readonly Found[], reconciler: Reconciler): Promise<void> {
  const foreign = await withoutOurTag(senderSid, found, reconciler);
  if (foreign.length > 0) throw new Error(`Named like this gateway's but without its tag: ${foreign.join(', ')}.`);
  const isDone = await removeDevice(senderSid, reconciler);
  logger.warn('orphans are removed', { senderSid, found: found.map(({ what }) => what), isDone });
}

async function everything(services: ReadonlyMap<string, FleetService>, reconciler: Reconciler): Promise<Found[]> {
  const { settings, definitions, registries, volumes } = reconciler;
  const found: Found[] = [];
  for (const { name, tags, createdAt } of services.values()) {
    const parsed = parseEcsName(settings, name);
    if (parsed) found.push({ senderSid: parsed.senderSid, what: `service ${name}`, createdAt, tags: () => tags });
  }
  for (const family of await definitions.families()) {
    const parsed = parseEcsName(settings, family);
    const tags = async () => (await definitions.describe(family))?.tags ?? {};
    if (parsed) found.push({ senderSid: parsed.senderSid, what: `task definition ${family}`, createdAt: 0, tags });
  }
  for (const { name, arn, createdAt } of await registries.list()) {
    const parsed = parseDnsLabel(name);
    const tags = () => registries.tagsOf(arn);
    if (parsed) found.push({ senderSid: parsed.senderSid, what: `name ${name}`, createdAt, tags });
  }
  for (const { id, tags } of await volumes.list()) {
    const senderSid = taggedSender(settings, tags);
    if (senderSid) found.push({ senderSid, what: `access point ${id}`, createdAt: 0, tags: () => tags });
  }
  return found;
}

/** A sender with containers has a registration from before the first of them until after the last. */
async function isGone(senderSid: string, { registrations, devices }: Reconciler): Promise<boolean> {
  return !(await registrations.get(senderSid)) && !(await devices.get(senderSid));
}

async function withoutOurTag(senderSid: string, found: readonly Found[], { settings }: Reconciler): Promise<string[]> {
  const foreign: string[] = [];
  for (const { what, tags } of found) if (taggedSender(settings, await tags()) !== senderSid) foreign.push(what);
  return foreign;
}
