import type { Device } from '../domain/device.ts';
import { toIso } from '../platform/clock.ts';
import { logger } from '../platform/log.ts';
import { RegistrationRefused } from '../senders/registration/errors.ts';
import { converge } from './converge.ts';
import type { Fleet } from './fleet.ts';
import type { StepAnswer, StepContext } from './run-step.ts';
import { requireSender, shapeOf } from './sender.ts';

const WAIT_SECONDS = 10;

/** Images are pulled, schemas are made: WhatsApp's own deployments wait for fifteen minutes at most. */
const PATIENCE_MS = 20 * 60_000;

/**
 * Brings a device's containers one step nearer to what its sender asks for: `starting` until all of them run and are
 * healthy, then `started`. Asked again later it sees to another mode or number of shards.
 */
export async function startContainers(context: StepContext, fleet: Fleet): Promise<StepAnswer> {
  const { senderSid, record } = context;
  const sender = await requireSender(context, fleet);
  const device = await requireDevice(senderSid, fleet);
  const aim = { shape: shapeOf(sender), secretId: sender.secretId, order: 'in-order' as const };
  const { failures, waitingFor } = await converge(device, aim, fleet);
  if (failures.length > 0) throw notUp(failures);
  if (waitingFor.length === 0) {
    if (!device.startedAt) await fleet.devices.update(senderSid, { startedAt: toIso(fleet.now()) });
    return { outcome: 'started' };
  }
  // What undoes a failed registration or change keeps the time of the step that failed.
  const isTooLong = fleet.now() - Date.parse(record.stepStartedAt) > PATIENCE_MS;
  if (isTooLong && record.state !== 'failed') throw notUp(waitingFor);
  logger.debug('containers are starting', { senderSid, waitingFor });
  return { outcome: 'starting', waitSeconds: WAIT_SECONDS };
}

async function requireDevice(senderSid: string, { devices }: Fleet): Promise<Device> {
  const device = await devices.get(senderSid);
  if (device?.accessPointId && !device.stopping) return device;
  throw new RegistrationRefused('The containers of the number have been removed.', 'Register the number again.');
}

function notUp(reasons: readonly string[]): RegistrationRefused {
  return new RegistrationRefused(
    `The containers of the number did not get up (${reasons.join('; ')}).`,
    'Look at the events of its ECS services and at its log in CloudWatch, then register the number again.',
  );
}
