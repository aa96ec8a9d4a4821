import { planErasure } from '../domain/device-container.ts';
import { ecsName } from '../domain/device-names.ts';
import type { FleetTask } from '../platform/ecs-tasks.ts';
import type { Fleet } from './fleet.ts';
import type { StepAnswer, StepContext } from './run-step.ts';

const WAIT_SECONDS = 15;

/** So often a task may fail before somebody has to look. */
const MOST_TRIES = 3;

/**
 * Has a task delete a device's files, since the access point's removal leaves them on the file system. Looks before it
 * starts one, so it is also the check: `erased` once a task has done it.
 */
export async function eraseMedia(
  { senderSid }: Pick<StepContext, 'senderSid'>,
  fleet: Pick<Fleet, 'devices' | 'volumes' | 'tasks' | 'definitions' | 'settings'>,
): Promise<StepAnswer> {
  const { devices, volumes, tasks, definitions, settings } = fleet;
  const device = await devices.get(senderSid);
  // Nothing has ever run that could have written a file.
  const isUnused = device !== undefined && Object.keys(device.definitions).length === 0;
  const accessPointId = isUnused ? undefined : (device?.accessPointId ?? (await volumes.find(senderSid))?.id);
  if (accessPointId === undefined) return { outcome: 'erased' };

  // By access point, so that a task that emptied an earlier one of the same sender does not count.
  const startedBy = `erase/${accessPointId}`;
  const all = await tasks.ofFamily(ecsName(settings, senderSid, 'erase'));
  const tries = all.filter((task) => task.startedBy === startedBy);
  if (tries.some(({ exitCode }) => exitCode === 0)) return { outcome: 'erased' };
  if (tries.every(({ hasEnded }) => hasEnded)) {
    if (tries.length >= MOST_TRIES) throw new Error(failureOf(tries));
    const definition = await definitions.ensure(planErasure(senderSid, settings), { accessPointId });
    await tasks.run(senderSid, definition, startedBy, tries.length);
  }
  return { outcome: 'erasing', waitSeconds: WAIT_SECONDS };
}

function failureOf(tries: readonly FleetTask[]): string {
  const last = tries.at(-1);
  const how = last?.exitCode === undefined ? (last?.stoppedReason ?? 'no reason given') : `exit code ${last.exitCode}`;
  return `The media of the device could not be erased in ${tries.length} tries (${how}).`;
}
