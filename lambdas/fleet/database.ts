import { databasePrefix } from '../domain/device-names.ts';
import type { Fleet } from './fleet.ts';
import type { StepAnswer, StepContext } from './run-step.ts';
import { requireSender } from './sender.ts';

/** Makes the database user of a device. The device makes its databases itself, all with the prefix that is the user's. */
export async function createDatabase(context: StepContext, fleet: Fleet): Promise<StepAnswer> {
  const sender = await requireSender(context, fleet);
  const { databasePassword } = await fleet.readSecret(sender.secretId);
  if (databasePassword === undefined) throw new Error('The secret of the sender holds no database password yet.');
  await fleet.databases.createUser(databasePrefix(sender.sid), databasePassword);
  return { outcome: 'done' };
}

/** Drops a device's databases and its user. With them goes the last of a device, so it is forgotten here. */
export async function dropDatabase(
  { senderSid }: Pick<StepContext, 'senderSid'>,
  fleet: Pick<Fleet, 'databases' | 'devices'>,
): Promise<StepAnswer> {
  await fleet.databases.drop(databasePrefix(senderSid));
  await fleet.devices.remove(senderSid);
  return { outcome: 'done' };
}
