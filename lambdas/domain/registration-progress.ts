import type { Registration } from './registration.ts';
import { type OfflineReason, REGISTERING, type Sender } from './sender.ts';

/** What whoever registers a number wants to know of a step: mostly when it is theirs to act, or takes long. */
const DOING: Readonly<Record<string, string>> = {
  CheckDisplayName: 'the display name is being reviewed, which may take days',
  StartContainers: 'the containers are starting, which takes some minutes',
  CheckDevice: 'the containers are starting, which takes some minutes',
  RequestCode: 'a code is being sent to the number',
  WaitForCode:
    'a code was sent to the number; give it as configuration.verification_code, or give configuration.verification_method (sms or voice) to be sent another one',
  VerifyCode: 'the code is being checked',
  CheckConnected: 'the number is connecting',
};

/** The state that a number's state machine is in, for as long as it is about something; undefined when nothing is. */
export function stepOf(record: Registration | undefined): string | undefined {
  return record === undefined || record.state === 'done' ? undefined : record.step;
}

/**
 * Why a sender is not online: what went wrong, and while its number is being registered how far that is. Twilio's SDKs drop
 * properties that they do not know; they keep these.
 * @param url where the sender can be fetched
 */
export function offlineReasonsOf(sender: Sender, record: Registration | undefined, url: string): OfflineReason[] {
  const reasons = sender.offlineReasons ?? [];
  const step = stepOf(record);
  if (!record || step === undefined || !REGISTERING.includes(sender.status)) return reasons;
  const message = `${step}: ${DOING[step] ?? 'the number is being registered'} (since ${record.stepStartedAt}).`;
  return [...reasons, { code: NOT_READY, message, moreInfo: url }];
}

/** Twilio's code for a sender whose configuration is not complete. */
export const NOT_READY = '63008';
