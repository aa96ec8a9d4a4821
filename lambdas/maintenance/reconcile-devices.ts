import { nextChanges, type ServiceChange, type ServiceState } from '../domain/convergence.ts';
import { type Device, planContainers } from '../domain/device.ts';
import { DEVICE_ROLES, type DeviceRole, ecsName } from '../domain/device-names.ts';
import type { FleetSettings } from '../domain/fleet-settings.ts';
import { isOnline, type Sender } from '../domain/sender.ts';
import { sidTime } from '../domain/sid.ts';
import { applyChanges } from '../fleet/containers.ts';
import { converge } from '../fleet/converge.ts';
import { shapeOf } from '../fleet/sender.ts';
import type { FleetService } from '../platform/ecs.ts';
import { logger } from '../platform/log.ts';
import { GRACE_MS, type Reconciler } from './reconciler.ts';

/**
 * What a device is to the job. `kept`: it should run. `busy`: a state machine looks after it. `left`: its registration
 * failed and was not undone to the end. `gone`: its sender is no more.
 */
export type Standing = { kind: 'kept'; sender: Sender } | { kind: 'busy' | 'left' | 'gone' };

export async function standingOf(device: Device, reconciler: Reconciler): Promise<Standing> {
  const { accountSid, senderSid } = device;
  const { senders, registrations, executionStatus, now } = reconciler;
  const sender = await senders().get(accountSid, senderSid);
  if (!sender) return { kind: now() - sidTime(senderSid) > GRACE_MS ? 'gone' : 'busy' };
  const record = await registrations.get(senderSid);
  if (record?.state === 'done' && isOnline(sender) && device.startedAt && !device.stopping) {
    return { kind: 'kept', sender };
  }
  if (record?.state !== 'failed' || now() - Date.parse(record.stepStartedAt) < GRACE_MS) return { kind: 'busy' };
  // A registration is failed from the moment that it begins to be undone.
  return { kind: (await executionStatus(record.executionArn)) === 'RUNNING' ? 'busy' : 'left' };
}

/** So many runs in a row are enough for every repair; then somebody else keeps undoing it, or ECS does, because it fails. */
const MOST_REPAIRS = 6;

/**
 * Makes a device's services what they should be: one that is missing, a count or a definition that was changed by hand, a
 * deployment that was given up.
 * @param services all of the fleet's, by name
 * @returns whether anything was amiss
 * @throws when repairs have not lasted: they are not tried any more until all is as it should be
 */
export async function repairServices(
  device: Device,
  sender: Sender,
  services: ReadonlyMap<string, FleetService>,
  reconciler: Reconciler,
): Promise<boolean> {
  const { senderSid, repairs = 0 } = device;
  const differences = differencesOf(device, sender, services, reconciler);
  if (!differences) {
    if (repairs > 0) await reconciler.devices.update(senderSid, { repairs: undefined });
    return false;
  }
  if (repairs >= MOST_REPAIRS) {
    throw new Error(`Repairs do not last (${differences.reasons.join('; ')}). Something changes its services back.`);
  }
  await reconciler.devices.update(senderSid, { repairs: repairs + 1 });
  logger.warn('a device is repaired', { senderSid, reasons: differences.reasons, times: repairs + 1 });
  if (!differences.changes) {
    await takeFurther(device, sender, reconciler);
    return true;
  }
  try {
    await applyChanges(device, differences.changes, reconciler);
  } catch (error) {
    // Somebody removed the definition that the services should run: it is made again.
    if (!(error instanceof Error && /task ?definition/i.test(error.message))) throw error;
    await takeFurther(device, sender, reconciler);
  }
  return true;
}

interface Differences {
  reasons: string[];
  /** Undefined where the way to the wanted state has several stages. */
  changes?: ServiceChange[];
}

/** How a device's services differ from what they should be; undefined when they do not. */
function differencesOf(
  device: Device,
  sender: Sender,
  services: ReadonlyMap<string, FleetService>,
  { settings }: Reconciler,
): Differences | undefined {
  const shape = shapeOf(sender);
  const plan = planContainers(shape, device.shardsInForce, settings);
  const isKnown = plan.every(({ role }) => device.definitions[role] !== undefined);
  if (!isKnown || shape.mode !== device.mode || shape.shards !== device.shards) {
    return { reasons: ['its containers are of another mode or number of shards'] };
  }
  const wanted = plan.map((role) => ({ ...role, definition: device.definitions[role.role] ?? '' }));
  const { changes } = nextChanges(wanted, statesOf(device.senderSid, services, settings), 'at-once');
  if (changes.length === 0) return undefined;
  const reasons = changes.map((change) => {
    if (change.kind === 'remove') return `${change.role}: should not be there`;
    return `${change.wanted.role}: ${change.kind === 'create' ? 'missing' : change.reason}`;
  });
  return { reasons, changes };
}

async function takeFurther(device: Device, sender: Sender, reconciler: Reconciler): Promise<void> {
  const aim = { shape: shapeOf(sender), secretId: sender.secretId, order: 'at-once' as const };
  const { waitingFor, failures } = await converge(device, aim, reconciler);
  logger.info('a device is taken further', { senderSid: device.senderSid, waitingFor, failures });
}

function statesOf(
  senderSid: string,
  services: ReadonlyMap<string, FleetService>,
  settings: FleetSettings,
): Partial<Record<DeviceRole, ServiceState>> {
  return Object.fromEntries(
    DEVICE_ROLES.flatMap((role) => {
      const service = services.get(ecsName(settings, senderSid, role));
      return service ? [[role, service.state]] : [];
    }),
  );
}
