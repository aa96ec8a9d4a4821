import * as z from 'zod';
import { offlineReason, type RegistrationFailure } from '../../domain/registration.ts';
import { parseJson } from '../graph/errors.ts';
import { DONE, type Job, type Step, type StepEvent } from './job.ts';

/** What Lambda writes into the cause of a function's error. */
const causeSchema = z.object({ errorMessage: z.string() });

const AGAIN = 'Register the number again; if that fails in the same way, look at the log of the step.';

/**
 * RecordFailure: says what failed, why and what to do, before anything is undone. A registration leaves the sender OFFLINE; an
 * update leaves it as it was. What fails while it is undone is added, and does not hide why.
 */
export const recordFailure: Step = async (job) => {
  const { record } = job;
  const failure = failureOf(job.event, record.step);
  if (record.state === 'failed' && record.failure) {
    if (failure.message !== record.failure.message) await add(job, undoing(failure));
    return DONE;
  }
  // A name that Meta has refused was never in force; one that it has taken stays under review.
  const name = record.step === 'BeginUpdate' ? { profileName: record.previous?.profileName } : {};
  const restored = record.previous && { fields: record.previous.fields, ...name };
  await job.changeSender({
    status: record.state === 'updating' ? 'ONLINE' : 'OFFLINE',
    offlineReasons: [offlineReason(failure)],
    ...restored,
  });
  // Last: once it is there, nothing of the above is to be done again.
  await job.changeRecord({ state: 'failed', failure, code: undefined });
  return DONE;
};

async function add(job: Job, failure: RegistrationFailure): Promise<void> {
  const before = job.sender.offlineReasons ?? [];
  const reason = offlineReason(failure);
  if (before.some(({ message }) => message === reason.message)) return;
  await job.changeSender({ offlineReasons: [...before, reason] });
}

/** Why a step failed, from what the state machine caught. */
function failureOf({ error }: StepEvent, step: string): RegistrationFailure {
  const { Error: name, Cause: cause } = error ?? { Error: '', Cause: '' };
  const parsed = causeSchema.safeParse(parseJson(cause));
  const words = parsed.success ? parsed.data.errorMessage : cause;
  if (name === 'RegistrationRefused' || name === 'TryAgain') {
    const [message = '', action = AGAIN] = words.split('\n');
    return { step, message, action };
  }
  if (name === 'States.Timeout') return { step, message: 'This step took too long.', action: AGAIN };
  // Anything else is the gateway's own trouble, and its words are for its log.
  return { step, message: 'The gateway had trouble of its own.', action: AGAIN };
}

function undoing({ step, message }: RegistrationFailure): RegistrationFailure {
  const action = 'Something of the registration may be left: delete the sender to remove it.';
  return { step, message: `Undoing it failed too: ${message}`, action };
}
