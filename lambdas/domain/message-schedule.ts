import { type Form, single } from './form.ts';
import { parseDate } from './twilio-date.ts';
import { TwilioError } from './twilio-error.ts';

/** How far ahead a message may be scheduled, in seconds: Twilio's 15 minutes to 35 days, both inclusive. */
const SOONEST = 900;
const LATEST = 3_024_000;

const WINDOW = 'SendAt time must be between 900 seconds and 35 days (3024000 seconds) in the future, inclusive.';

/**
 * When a message is to be sent, ms since the epoch; undefined: now. Twilio schedules only with a Messaging Service; here a `From`
 * is enough.
 */
export function sendAtOf(form: Form): number | undefined {
  const type = single(form, 'ScheduleType');
  const text = single(form, 'SendAt');
  if (type === undefined && text === undefined) return undefined;
  if (type !== 'fixed') throw new TwilioError(35126, "The 'ScheduleType' parameter must be 'fixed'.");
  if (text === undefined) throw new TwilioError(35111, "The 'SendAt' parameter is required to schedule a message.");
  const at = parseDate(text);
  if (at === undefined)
    throw new TwilioError(35117, `The 'SendAt' parameter is not an ISO 8601 date and time. ${WINDOW}`);
  return at;
}

/**
 * What is wrong with the time a message is to be sent at, if anything. Compared in whole seconds, because the SDKs send no others.
 * @param sendAt ms since the epoch
 */
export function scheduleProblem(sendAt: number, now: number): TwilioError | undefined {
  const ahead = Math.floor(sendAt / 1_000) - Math.floor(now / 1_000);
  if (ahead < SOONEST) return new TwilioError(35114, WINDOW);
  return ahead > LATEST ? new TwilioError(35115, WINDOW) : undefined;
}
