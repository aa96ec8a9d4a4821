import { DeviceRefusal } from '../device/errors.ts';
import { connectionProblem } from '../device/health.ts';
import { deviceAccount, explained } from './code-from-device.ts';
import { arrangementOf, asAdmin } from './device-of.ts';
import { RegistrationRefused, sentence, TryAgain } from './errors.ts';
import { DONE, type Job, type Step } from './job.ts';
import { pinOf } from './pin.ts';

/** After this long, setting shards logs the number off. */
const SHARDING_PERIOD_MS = 7 * 86_400_000;

/** From the answer to a code to a connection takes seconds; shards, a few minutes. */
const PATIENCE_MS = 15 * 60_000;
const WAIT_S = 5;

/** SetShards: spreads the number over as many coreapps as are wanted, if it is not so already. */
export const setShards: Step = async (job) => {
  const { mode, shards: wanted } = arrangementOf(job);
  const shards = mode === 'multiconnect' ? wanted : 1;
  // A single device knows no shards.
  if (mode !== 'single' && (await asAdmin(job, (device, session) => device.shards(session))) !== shards) {
    await spread(job, shards);
  }
  await job.dependencies.devices.update(job.sender.sid, { shardsInForce: shards });
  return DONE;
};

async function spread(job: Job, shards: number): Promise<void> {
  refuseLateShards(job);
  const account = await deviceAccount(job);
  try {
    await asAdmin(job, (device, session) => device.setShards(session, account, shards));
  } catch (error) {
    if (!(error instanceof DeviceRefusal)) throw error;
    // Documented: 403 is a WhatsApp that is not available for a moment; a refusal has the code for that besides.
    const isUnavailable = error.status === 403 && error.code !== 1005;
    // A coreapp that restarts is back in a moment.
    const lacksCoreapps = error.code === 1009;
    if (isUnavailable || lacksCoreapps) throw new TryAgain(error.problem);
    throw explained(error);
  }
}

/** Throws `RegistrationRefused` when shards cannot be changed any more. */
export function refuseLateShards({ record: { registeredAt }, now }: Job): void {
  if (registeredAt === undefined || now - Date.parse(registeredAt) <= SHARDING_PERIOD_MS) return;
  throw new RegistrationRefused(
    'The number was registered more than a week ago: WhatsApp would log it off if its shards were changed.',
    'Keep the shards that it has, or delete the sender and register the number again with others.',
  );
}

/** CheckConnected: whether the device is connected to WhatsApp, as its mode wants. */
export const checkConnected: Step = async (job) => {
  const problem = await problemOfConnection(job);
  if (problem === undefined) return { outcome: 'connected' };
  if (job.age <= PATIENCE_MS) return { outcome: 'connecting', waitSeconds: WAIT_S };
  throw new RegistrationRefused(
    sentence(`The device did not connect to WhatsApp within 15 minutes: ${problem}`),
    'See in WhatsApp Manager whether the number is in use elsewhere, then register it again.',
  );
};

async function problemOfConnection(job: Job): Promise<string | undefined> {
  try {
    const nodes = await asAdmin(job, (device, session) => device.health(session));
    return connectionProblem(nodes, arrangementOf(job));
  } catch (error) {
    if (error instanceof TryAgain) return error.message;
    throw error;
  }
}

/** SetTwoStepPin: nobody registers the number elsewhere without this PIN, which is the customer's or made here. */
export const setTwoStepPin: Step = async (job) => {
  const pin = await pinOf(job);
  await asAdmin(job, (device, session) => device.setPin(session, pin));
  return DONE;
};
