import { offlineReason } from '../../domain/registration.ts';
import { logger } from '../../platform/log.ts';
import { DeviceRefusal } from '../device/errors.ts';
import { GraphRefusal } from '../graph/errors.ts';
import { deregisterNumber, fetchNumber } from '../graph/phone-number.ts';
import { asAdmin } from './device-of.ts';
import { quoted, RegistrationRefused } from './errors.ts';
import { graphOf } from './graph-of.ts';
import { DONE, type Job, type Step } from './job.ts';
import { hasOwnPin } from './pin.ts';

const WAIT_S = 2;

/** StopRegistration: what was running for the sender before runs no more. */
export const stopRegistration: Step = async (job) => {
  const { supersededArn } = job.record;
  if (supersededArn === undefined) return { outcome: 'stopped' };
  const { executions } = job.dependencies;
  await executions.stop(supersededArn, 'The sender is being removed.');
  if ((await executions.status(supersededArn)) === 'RUNNING') return { outcome: 'stopping', waitSeconds: WAIT_S };
  await job.changeRecord({ supersededArn: undefined });
  return { outcome: 'stopped' };
};

/**
 * Deregister: tells the other side that the number goes, as far as it listens: a device or a token that is dead already must
 * not keep a sender from being removed. Answers what there is to remove.
 */
export const deregister: Step = async (job) => {
  const { workflow } = job.sender;
  if (workflow === undefined) return { outcome: 'none' };
  const goodbyes = workflow === 'device' ? await deviceGoodbyes(job) : cloudGoodbyes(job);
  for (const [what, say] of goodbyes) {
    const goesOn = await attempt(job, what, say);
    // Who does not answer now will not answer the next call either.
    if (!goesOn) break;
  }
  return { outcome: workflow };
};

type Goodbye = [what: string, say: () => Promise<void>];

async function deviceGoodbyes(job: Job): Promise<Goodbye[]> {
  const removePin: Goodbye = ['two-step PIN', () => asAdmin(job, (device, session) => device.removePin(session))];
  return [
    ['webhook', () => asAdmin(job, (device, session) => device.forgetWebhook(session))],
    // One that was made up is deleted with the sender: with it in force nobody could register the number again.
    ...(hasOwnPin(await job.secret()) ? [removePin] : []),
    ['session', () => asAdmin(job, (device, session) => device.logout(session))],
  ];
}

function cloudGoodbyes(job: Job): Goodbye[] {
  // Before it was subscribed there was none.
  if (job.sender.fields['phoneNumberId'] === undefined) return [];
  return [
    [
      'webhook',
      async () => {
        const graph = await graphOf(job);
        const requests = await job.channel.disconnect(await job.context());
        for (const request of requests) await graph.send(request, 'take the webhook off');
      },
    ],
  ];
}

/** @returns whether the other side is there at all */
async function attempt({ sender }: Job, what: string, say: () => Promise<void>): Promise<boolean> {
  try {
    await say();
    return true;
  } catch (error) {
    const reason = quoted(error instanceof Error ? error.message : String(error));
    logger.warn('a number could not be deregistered in full', { senderSid: sender.sid, what, reason });
    return error instanceof DeviceRefusal || error instanceof GraphRefusal;
  }
}

/**
 * ReleasePhoneNumber: a Cloud number that the gateway registered is deregistered. One that it added stays in its account, as the
 * Graph API cannot delete numbers; where the sender stays, it says so.
 */
export const releasePhoneNumber: Step = async (job) => {
  const { addedPhoneNumber, phoneNumberId, registeredAt, workflow } = job.record;
  if (phoneNumberId === undefined) return DONE;
  if (workflow === 'cloud' && registeredAt !== undefined) {
    try {
      const graph = await graphOf(job);
      const { status } = await fetchNumber(graph, phoneNumberId, ['status']);
      if (status === 'CONNECTED') await deregisterNumber(graph, phoneNumberId);
    } catch (error) {
      // Without a token that is good, or in a number that is gone, there is nothing more to do.
      if (!(error instanceof RegistrationRefused)) throw error;
      logger.warn('a number could not be released', { senderSid: job.sender.sid, reason: quoted(error.message) });
    }
  }
  if (addedPhoneNumber && job.record.state === 'failed') await sayWhatStays(job);
  return DONE;
};

async function sayWhatStays(job: Job): Promise<void> {
  const { sender, event } = job;
  const message = `The number was added to the WhatsApp Business Account ${sender.fields['wabaId'] ?? ''} and stays there`;
  const action = 'Registering it again finds it; who does not want it removes it in WhatsApp Manager.';
  const reason = offlineReason({ step: event.step, message, action });
  const before = sender.offlineReasons ?? [];
  if (before.some((other) => other.message === reason.message)) return;
  await job.changeSender({ offlineReasons: [...before, reason] });
}

/**
 * DeleteSender: the secrets first, then the sender and its claim on the address, and last what says that this may be done:
 * cut off anywhere, it can be repeated.
 */
export const deleteSender: Step = async (job) => {
  const { secrets, sessions } = job.dependencies;
  await secrets.remove(job.sender.secretId);
  await sessions.remove(job.sender.sid);
  await job.removeSender();
  await job.dependencies.registrations.remove(job.sender.sid);
  return DONE;
};
