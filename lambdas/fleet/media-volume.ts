import { deviceUrl, ecsName } from '../domain/device-names.ts';
import { toIso } from '../platform/clock.ts';
import type { Fleet } from './fleet.ts';
import type { StepAnswer, StepContext } from './run-step.ts';
import { requireSender, shapeOf } from './sender.ts';

/** Notes down the device, before anything of it is made that has no name of its own, and makes its place for media. */
export async function createMediaVolume(context: StepContext, fleet: Fleet): Promise<StepAnswer> {
  const { devices, volumes, settings } = fleet;
  const sender = await requireSender(context, fleet);
  const { senderSid, accountSid } = context;
  await devices.ensure({
    senderSid,
    accountSid,
    url: deviceUrl(settings, senderSid),
    ...shapeOf(sender),
    registries: {},
    definitions: {},
    createdAt: toIso(fleet.now()),
  });
  // Removal of an earlier try may have been cut off; from here on the device is wanted again.
  await devices.update(senderSid, { accessPointId: await volumes.ensure(senderSid), stopping: undefined });
  return { outcome: 'done' };
}

/** Removes a device's place for media, which is empty by now, and the definition of the task that emptied it. */
export async function deleteMediaVolume(
  { senderSid }: Pick<StepContext, 'senderSid'>,
  { devices, volumes, definitions, settings }: Pick<Fleet, 'devices' | 'volumes' | 'definitions' | 'settings'>,
): Promise<StepAnswer> {
  await definitions.remove(ecsName(settings, senderSid, 'erase'));
  const device = await devices.get(senderSid);
  const id = device?.accessPointId ?? (await volumes.find(senderSid))?.id;
  if (id !== undefined) await volumes.remove(id);
  await devices.update(senderSid, { accessPointId: undefined });
  return { outcome: 'done' };
}
