import type { Session } from '../../channels/types.ts';
import { deviceShapeSchema } from '../../domain/topology.ts';
import { DeviceClient } from '../device/client.ts';
import { DeviceRefusal } from '../device/errors.ts';
import type { Arrangement } from '../device/health.ts';
import { RegistrationRefused, TryAgain } from './errors.ts';
import type { Job } from './job.ts';

/** The user of a new device. */
export const ADMIN = 'admin';

/** The device in the fleet's network. */
export async function deviceOf(job: Job): Promise<DeviceClient> {
  const { devices, send, policy } = job.dependencies;
  const url = (await devices.get(job.sender.sid))?.url ?? job.sender.fields['url'];
  if (url === undefined) throw new TryAgain('The device has no address yet.');
  // A device is in a private network by design, next to the gateway.
  const addresses = { ...policy, allowPrivate: true };
  return new DeviceClient(url, (request, { timeoutMs }) => send(request, { addresses, timeoutMs }));
}

/** How the number's containers are to be arranged. */
export function arrangementOf({ sender }: Job): Arrangement {
  const shape = deviceShapeSchema.safeParse(sender.fields);
  if (shape.success) return shape.data;
  const wrong = shape.error.issues.map(({ path, message }) => `configuration.${path.join('.')}: ${message}`);
  throw new RegistrationRefused(`${wrong.join('; ')}.`, 'Correct it, then register the number again.');
}

/** The admin's password, which an earlier step made. */
export async function adminPassword(job: Job): Promise<string> {
  const { password } = (await job.secret()).secrets;
  if (password === undefined) throw new Error('The device has no password yet.');
  return password;
}

/** Calls the device as its admin: with the stored session, or a new one where that has ended or is refused. */
export async function asAdmin<T>(job: Job, call: (device: DeviceClient, session: Session) => Promise<T>): Promise<T> {
  const device = await deviceOf(job);
  const { session } = await job.secret();
  if (!session || Date.parse(session.expiresAt) <= job.now) return call(device, await logInAgain(job, device));
  try {
    return await call(device, session);
  } catch (error) {
    if (!(error instanceof DeviceRefusal) || error.status !== 401) throw error;
    return call(device, await logInAgain(job, device));
  }
}

async function logInAgain(job: Job, device: DeviceClient): Promise<Session> {
  const session = await device.login(ADMIN, await adminPassword(job));
  // Stored before anything uses it.
  await job.changeSecret({ session });
  return session;
}
