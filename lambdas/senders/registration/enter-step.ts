import type { Registration } from '../../domain/registration.ts';
import { toIso } from '../../platform/clock.ts';
import type { RegistrationStore } from '../../platform/stores/registrations.ts';
import { Superseded } from './errors.ts';

/** Which step of which execution runs. */
export interface StepOfExecution {
  senderSid: string;
  executionArn: string;
  /** The state's name, as the record keeps it. */
  step: string;
}

export interface EnteredStep {
  record: Registration;
  /** Whether this step ran before and no other one since: it may have been cut off anywhere. */
  isRepeat: boolean;
}

/** The record, if it names the execution that acts. Throws `Superseded` when it names another one or is gone. */
export async function ownRecord(
  registrations: Pick<RegistrationStore, 'get'>,
  { senderSid, executionArn }: Omit<StepOfExecution, 'step'>,
): Promise<Registration> {
  const record = await registrations.get(senderSid);
  if (record?.executionArn !== executionArn) throw new Superseded();
  return record;
}

/**
 * What every step does first: makes sure that its execution is the one that acts for the sender, and records which step runs.
 * A step that waits and looks again keeps the time of its first look. Once a failure is recorded, what undoes it is not.
 * Throws `Superseded` when the record names another execution or is gone.
 * @param now ms since the epoch
 */
export async function enterStep(
  registrations: Pick<RegistrationStore, 'get' | 'update'>,
  { senderSid, executionArn, step }: StepOfExecution,
  now: number,
): Promise<EnteredStep> {
  const record = await ownRecord(registrations, { senderSid, executionArn });
  if (record.step === step || record.state === 'failed') return { record, isRepeat: record.step === step };
  const entered = await registrations.update(
    senderSid,
    { step, stepStartedAt: toIso(now) },
    { onlyIfExecution: executionArn },
  );
  if (!entered) throw new Superseded();
  return { record: entered, isRepeat: false };
}
