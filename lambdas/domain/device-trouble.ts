import type { Device } from './device.ts';
import type { DeviceRole } from './device-names.ts';

type Trouble = NonNullable<Device['trouble']>;

/** A device gets this long to recover by itself: a failover takes a minute, a new container a few. In ms. */
const PATIENCE_MS = 25 * 60_000;
/** Between two restarts, in ms: a restarted container connects within minutes, or the restart did not help. */
const BETWEEN_RESTARTS_MS = 40 * 60_000;
/** After so many restarts only a person can help. */
const MOST_RESTARTS = 3;

export interface TroubleDecision {
  /** What is noted down; undefined: all is well. */
  trouble: Trouble | undefined;
  /** Whether a container is to be restarted now. */
  restart: boolean;
  /** `down`: restarts have not helped, so somebody has to look. */
  state: 'well' | 'recovered' | 'waiting' | 'restarting' | 'down';
}

/**
 * What to do about a device by what its health says this time and said before.
 * @param isWell what it says now  @param canRestart whether a restart is a remedy for what it says
 * @param now ms since the epoch
 */
export function judgeTrouble(
  before: Trouble | undefined,
  { isWell, canRestart }: { isWell: boolean; canRestart: boolean },
  now: number,
): TroubleDecision {
  if (isWell) return { trouble: undefined, restart: false, state: before ? 'recovered' : 'well' };
  const trouble = before ?? { since: new Date(now).toISOString(), restarts: 0 };
  const isLasting = now - Date.parse(trouble.since) >= PATIENCE_MS;
  if (!isLasting) return { trouble, restart: false, state: 'waiting' };
  if (!canRestart || trouble.restarts >= MOST_RESTARTS) return { trouble, restart: false, state: 'down' };
  const { restartedAt } = trouble;
  const isSettling = restartedAt !== undefined && now - Date.parse(restartedAt) < BETWEEN_RESTARTS_MS;
  if (isSettling) return { trouble, restart: false, state: 'waiting' };
  const restarted = { ...trouble, restarts: trouble.restarts + 1, restartedAt: new Date(now).toISOString() };
  return { trouble: restarted, restart: true, state: 'restarting' };
}

/** What a device answered when it was asked how it is, and which of its containers are to blame. */
export interface HealthFinding {
  isWell: boolean;
  /** In words; empty when it is well. */
  problem: string;
  /** The containers one of which is restarted, if that can help: of a role, and of these addresses where they are known. */
  blame?: { role: DeviceRole; addresses: string[] };
}

/** A container in a device's health answer. */
interface Node {
  /** `<address>:<container id>`; of a single device anything. */
  name: string;
  status: string | undefined;
  role: string | undefined;
}

/**
 * Finds whom to blame for a device that is not connected as it should be: the mildest restart that can help.
 * @param problem what is wrong, in words; undefined when all is well
 * @param neededCoreapps how many coreapps should be connected
 */
export function findingOf(nodes: readonly Node[], problem: string | undefined, neededCoreapps: number): HealthFinding {
  if (problem === undefined) return { isWell: true, problem: '' };
  // A number that WhatsApp has signed off stays that way, whatever is restarted.
  if (nodes.length > 0 && nodes.every(({ status }) => status === 'unregistered')) {
    return { isWell: false, problem: 'it is not registered any more: register the number again' };
  }
  // Without an answer from a container nobody knows its role either; ECS knows whose address it is.
  const silent = nodes.filter(({ status }) => status === undefined);
  if (silent.length > 0) return { isWell: false, problem, blame: { role: 'coreapp', addresses: addressesOf(silent) } };
  const isCoreapp = ({ role }: Node) => role === undefined || role === 'coreapp';
  const connected = nodes.filter((node) => isCoreapp(node) && node.status === 'connected').length;
  if (connected > neededCoreapps) return { isWell: false, problem };
  const suspects = nodes.filter(
    (node) => node.status !== 'connected' && isCoreapp(node) === connected < neededCoreapps,
  );
  const role = connected < neededCoreapps ? 'coreapp' : 'master';
  return { isWell: false, problem, blame: { role, addresses: addressesOf(suspects) } };
}

const addressesOf = (nodes: readonly Node[]): string[] =>
  nodes.flatMap(({ name }) => (name.includes(':') ? [name.slice(0, name.lastIndexOf(':'))] : []));
