import { dropDatabase } from './database.ts';
import { eraseMedia } from './erase-media.ts';
import type { Fleet } from './fleet.ts';
import { deleteMediaVolume } from './media-volume.ts';
import { checkStopped, stopContainers } from './stop-containers.ts';

/**
 * Takes the removal of a device as far as it goes now: what the state machine does with pauses between, for devices that
 * no state machine looks after any more.
 * @returns true once nothing of it is left; until then it is to be called again
 */
export async function removeDevice(senderSid: string, fleet: Fleet): Promise<boolean> {
  await stopContainers({ senderSid }, fleet);
  if ((await checkStopped({ senderSid }, fleet)).outcome !== 'stopped') return false;
  if ((await eraseMedia({ senderSid }, fleet)).outcome !== 'erased') return false;
  await deleteMediaVolume({ senderSid }, fleet);
  await dropDatabase({ senderSid }, fleet);
  return true;
}
