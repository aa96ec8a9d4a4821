import type { FleetSettings } from './fleet-settings.ts';

/** The parts of a device, in the order they start: masters exist in high availability and multiconnect only. */
export const DEVICE_ROLES = ['web', 'master', 'coreapp'] as const;
export type DeviceRole = (typeof DEVICE_ROLES)[number];

/** What a task definition may be for: a part of a device, or the task that empties its media volume. */
export type TaskKind = DeviceRole | 'erase';
const TASK_KINDS: readonly TaskKind[] = [...DEVICE_ROLES, 'erase'];

/*
 * Every name follows from the sender's SID, so that whatever was made can be found again after a crash, and nothing that
 * is made twice gets two names.
 */

type Gateway = Pick<FleetSettings, 'gateway'>;

/** What all of a gateway's ECS names begin with: names of task definitions are shared by the whole AWS account. */
export const namePrefix = ({ gateway }: Gateway): string => `sb-${gateway.slice(0, 12)}-`;

/** A device by name: also the idempotency token of its EFS access point (64 characters at most). */
export const deviceName = (settings: Gateway, senderSid: string): string =>
  `${namePrefix(settings)}${senderSid.toLowerCase()}`;

/** An ECS service and its task definition family have the same name. */
export const ecsName = (settings: Gateway, senderSid: string, kind: TaskKind): string =>
  `${deviceName(settings, senderSid)}-${kind}`;

/** Reads an ECS name back; undefined when it is not one of this gateway's. */
export function parseEcsName(settings: Gateway, name: string): { senderSid: string; kind: TaskKind } | undefined {
  const prefix = namePrefix(settings);
  if (!name.startsWith(prefix)) return undefined;
  const [, digits, last] = /^xe([0-9a-f]{32})-([a-z]+)$/.exec(name.slice(prefix.length)) ?? [];
  const kind = TASK_KINDS.find((known) => known === last);
  return digits && kind ? { senderSid: `XE${digits}`, kind } : undefined;
}

/** A part's Cloud Map service: one DNS label in the gateway's namespace. */
export const dnsLabel = (senderSid: string, role: DeviceRole): string => `${role}-${senderSid.toLowerCase()}`;

/** Reads a Cloud Map service's name back. */
export function parseDnsLabel(label: string): { senderSid: string; role: DeviceRole } | undefined {
  const [, first, digits] = /^([a-z]+)-xe([0-9a-f]{32})$/.exec(label) ?? [];
  const role = DEVICE_ROLES.find((known) => known === first);
  return digits && role ? { senderSid: `XE${digits}`, role } : undefined;
}

/** The full name of a part in the fleet's network. */
export const hostName = (settings: Pick<FleetSettings, 'namespace'>, senderSid: string, role: DeviceRole): string =>
  `${dnsLabel(senderSid, role)}.${settings.namespace}`;

/** Where a device's API is reached from inside the fleet's network, without a final slash. */
export const deviceUrl = (
  settings: Pick<FleetSettings, 'namespace' | 'scheme' | 'webPort'>,
  senderSid: string,
): string => `${settings.scheme}://${hostName(settings, senderSid, 'web')}:${settings.webPort}`;

/**
 * What a device's databases begin with, and the name of its MySQL user (32 characters at most). The SID's digits in
 * base 36, always 25 of them, so that no prefix begins another one.
 */
export const databasePrefix = (senderSid: string): string =>
  `n${BigInt(`0x${senderSid.slice(2)}`)
    .toString(36)
    .padStart(25, '0')}`;

/** The directory of a device's media on the file system. */
export const mediaDirectory = (senderSid: string): string => `/devices/${senderSid.toLowerCase()}`;

const GATEWAY_TAG = 'switchboard:gateway';
const SENDER_TAG = 'switchboard:sender';
const ROLE_TAG = 'switchboard:role';

export type Tags = Record<string, string>;

/** The tags of everything that is made for a device; permissions and clean-up go by the first one. */
export const deviceTags = ({ gateway }: Gateway, senderSid: string, kind?: TaskKind): Tags => ({
  [GATEWAY_TAG]: gateway,
  [SENDER_TAG]: senderSid,
  ...(kind && { [ROLE_TAG]: kind }),
});

/** The sender that a tagged resource was made for; undefined when another gateway, or somebody else, made it. */
export const taggedSender = ({ gateway }: Gateway, tags: Tags): string | undefined =>
  tags[GATEWAY_TAG] === gateway ? tags[SENDER_TAG] : undefined;
