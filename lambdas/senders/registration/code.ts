import { offlineReason, type PendingCode } from '../../domain/registration.ts';
import { toIso } from '../../platform/clock.ts';
import { cloudCodes } from './code-from-cloud.ts';
import { deviceCodes } from './code-from-device.ts';
import { RegistrationRefused } from './errors.ts';
import { DONE, type Job, type Step } from './job.ts';

const MOST_WRONG = 5;
const MOST_RESENDS = 5;

const CODES = { device: deviceCodes, cloud: cloudCodes };

/** RequestCode: has the code sent, unless there is nothing to verify any more. */
export const requestCode: Step = async (job) => {
  const before = job.record.code;
  const resends = before === undefined ? 0 : before.resends + (job.isRepeat ? 0 : 1);
  if (resends > MOST_RESENDS) {
    throw new RegistrationRefused(
      `The code was sent ${MOST_RESENDS + 1} times, and none was verified.`,
      'Check that the number receives text messages or calls, wait an hour, then register it again.',
    );
  }
  // Recorded first: should this run be cut off, the next one knows that a code may be on its way.
  await recordCode(job, { requestedAt: toIso(job.now), method: methodOf(job), resends });
  const mayBeSent = job.isRepeat && before !== undefined;
  const outcome = await CODES[job.record.workflow].request(job, methodOf(job), mayBeSent);
  if (outcome === 'sent') return { outcome };
  await endCode(job);
  return { outcome: 'already-registered' };
};

/** WaitForCode: from here on the Senders API can pass a code on. Nothing is answered: whoever gives the code does. */
export const waitForCode: Step = async (job) => {
  const { taskToken } = job.event;
  if (taskToken === undefined) throw new Error('The state that waits for the code gives no task token.');
  // Who sees that a code is wanted must be able to give it.
  await recordCode(job, { taskToken });
  await job.changeSender({ status: 'PENDING_VERIFICATION' });
  return DONE;
};

/** VerifyCode: tries the code that the customer gave. */
export const verifyCode: Step = async (job) => {
  // A text message shows it as 123-456.
  const code = (job.event.code ?? '').replaceAll(/\D/g, '');
  // Counted before it is tried, so that a repeated run counts it once.
  const tries = (job.record.code?.wrong ?? 0) + (job.isRepeat ? 0 : 1);
  await recordCode(job, { wrong: tries });
  await job.changeSender({ status: 'VERIFYING' });
  const outcome = await CODES[job.record.workflow].verify(job, code);
  if (outcome === 'accepted') await endCode(job);
  else if (outcome === 'expired') await recordCode(job, { wrong: Math.max(0, tries - 1) });
  else if (tries >= MOST_WRONG) {
    throw new RegistrationRefused(
      `${MOST_WRONG} wrong codes were given.`,
      'Register the number again, and post the newest code that it receives.',
    );
  }
  await say(job, outcome, MOST_WRONG - tries);
  return { outcome };
};

/** Tells who gave the code what became of it, and what is wanted now. */
async function say(job: Job, outcome: 'accepted' | 'wrong' | 'expired', left: number): Promise<void> {
  const { step } = job.event;
  const reasons = {
    accepted: undefined,
    wrong: { step, message: 'The code is wrong', action: `Give the newest one that came; ${left} more may be tried.` },
    expired: { step, message: 'The code has expired', action: 'A new one is on its way; give that one.' },
  };
  const reason = reasons[outcome];
  await job.changeSender({ offlineReasons: reason && [offlineReason(reason)] });
}

/** What is said about the code; whoever waited for it waits no more, unless a token is given. */
async function recordCode(job: Job, changes: Partial<PendingCode>): Promise<void> {
  const { taskToken: _, ...before } = job.record.code ?? {
    requestedAt: toIso(job.now),
    method: methodOf(job),
    wrong: 0,
    resends: 0,
  };
  await job.changeRecord({ code: { ...before, ...changes } });
}

/** The code has done its work. On a device that registers the number; at a cloud it is a step of its own. */
async function endCode(job: Job): Promise<void> {
  const { workflow, registeredAt = toIso(job.now) } = job.record;
  await job.changeRecord({ code: undefined, ...(workflow === 'device' && { registeredAt }) });
}

function methodOf({ event, record, sender }: Job): PendingCode['method'] {
  if (event.method !== undefined) return event.method;
  return record.code?.method ?? (sender.fields['verificationMethod'] === 'voice' ? 'voice' : 'sms');
}
