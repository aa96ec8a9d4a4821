import { DeviceRefusal } from '../device/errors.ts';
import { startProblem } from '../device/health.ts';
import { ADMIN, adminPassword, arrangementOf, deviceOf } from './device-of.ts';
import { RegistrationRefused, TryAgain } from './errors.ts';
import { DONE, type Step } from './job.ts';

/** The password that a new device has, good for nothing but its first login. */
const FIRST_PASSWORD = 'secret';

/** Longer than containers take that will come up: WhatsApp's own AWS template waits as long for its hosts. */
const PATIENCE_MS = 15 * 60_000;

const WAIT_S = 10;

/** CheckDevice: whether the device answers and its containers can be registered. */
export const checkDevice: Step = async (job) => {
  const problem = await problemOfStart(job);
  if (problem === undefined) {
    const device = await job.dependencies.devices.get(job.sender.sid);
    await job.addFields({ username: ADMIN, ...(device && { url: device.url }) });
    return { outcome: 'healthy' };
  }
  if (job.age <= PATIENCE_MS) return { outcome: 'starting', waitSeconds: WAIT_S };
  throw new RegistrationRefused(
    `The device did not become healthy within 15 minutes: ${problem}.`,
    'Look at its containers in the log group of the fleet, then register the number again.',
  );
};

async function problemOfStart(job: Parameters<Step>[0]): Promise<string | undefined> {
  const { apiKey = '' } = await job.secret();
  try {
    const device = await deviceOf(job);
    // Nobody can have logged in yet; this key is for such calls.
    return startProblem(await device.health({ apiKey }), arrangementOf(job));
  } catch (error) {
    if (error instanceof TryAgain || error instanceof DeviceRefusal)
      return withoutFullStop(error.message.split('\n')[0]);
    throw error;
  }
}

const withoutFullStop = (text = '') => text.replace(/\.$/, '');

/**
 * LogIn: the first login, which must change the password, and keeps the session. Where a first run was cut off after the
 * device had taken the new password, the old one is refused and the new one is good.
 */
export const logIn: Step = async (job) => {
  const device = await deviceOf(job);
  const password = await adminPassword(job);
  const session = await device.login(ADMIN, FIRST_PASSWORD, password).catch((error: unknown) => {
    if (!(error instanceof DeviceRefusal) || error.status !== 401) throw error;
    return device.login(ADMIN, password);
  });
  await job.changeSecret({ session });
  return DONE;
};
