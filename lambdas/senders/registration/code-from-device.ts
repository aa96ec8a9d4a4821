import type { VerificationMethod } from '../../domain/registration.ts';
import type { Account } from '../device/client.ts';
import { DeviceRefusal } from '../device/errors.ts';
import { isRegistered } from '../device/health.ts';
import { asAdmin } from './device-of.ts';
import { RegistrationRefused } from './errors.ts';
import type { Job } from './job.ts';
import { numberParts } from './number-parts.ts';
import { knownPin } from './pin.ts';

/*
 * Codes that a device asks WhatsApp for. The container tells its reasons apart only in `details`, whose wording is not
 * documented: what is known of it is read here, and the customer is shown it in any case.
 */

/** What a refusal means, by the container's words, and what to do. */
const MEANINGS: [words: RegExp, problem: string, action: string][] = [
  [
    /on_prem_reg_blocked/i,
    'WhatsApp registers no more numbers on containers',
    'Delete the sender, and register the number with the Cloud API.',
  ],
  [
    /\bpin\b|two.?step/i,
    'The number has two-step verification, and its PIN is missing or wrong',
    'Register the number again with the PIN as configuration.pin. Who has lost it sets a new one in WhatsApp Manager.',
  ],
  [
    /\bcert/i,
    'The device does not take the certificate of the display name',
    'Check in WhatsApp Manager that the name is approved, then register the number again, which fetches a new certificate.',
  ],
  [
    /\b(blocked|banned|locked)\b/i,
    'WhatsApp has blocked the number',
    'See the number in WhatsApp Manager; register it again once it is free.',
  ],
];

const TOO_SOON = /too.?(recent|soon|many|fast)|\bwait\b|try again (later|in|after)/i;
const EXPIRED = /expired|outstanding|stale|too old/i;

/** What a device wants to know of the number. */
export async function deviceAccount(job: Job): Promise<Account> {
  const secret = await job.secret();
  const { certificate } = secret;
  const pin = knownPin(secret);
  if (certificate === undefined) throw new Error('The number has no certificate yet.');
  return { ...numberParts(job.sender), certificate, ...(pin !== undefined && { pin }) };
}

/** The refusal as the customer should read it. */
export function explained(error: DeviceRefusal): RegistrationRefused {
  const meaning = MEANINGS.find(([words]) => words.test(error.words));
  if (!meaning) return error;
  return new RegistrationRefused(`${meaning[1]} (the device says: ${error.words}).`, meaning[2]);
}

export const deviceCodes = {
  /** @param mayBeSent an earlier run may have asked for it: then "too soon" says that it is on its way */
  async request(job: Job, method: VerificationMethod, mayBeSent: boolean): Promise<'sent' | 'registered'> {
    const account = await deviceAccount(job);
    try {
      return await asAdmin(job, (device, session) => device.requestCode(session, account, method));
    } catch (error) {
      if (!(error instanceof DeviceRefusal)) throw error;
      if (!TOO_SOON.test(error.words)) throw explained(error);
      if (mayBeSent) return 'sent';
      throw new RegistrationRefused(
        `WhatsApp sends no further code to the number yet (the device says: ${error.words}).`,
        'Wait as long as it says, an hour if it does not, then register the number again.',
      );
    }
  },

  async verify(job: Job, code: string): Promise<'accepted' | 'wrong' | 'expired'> {
    try {
      await asAdmin(job, (device, session) => device.verify(session, code));
      return 'accepted';
    } catch (error) {
      if (!(error instanceof DeviceRefusal)) throw error;
      // An earlier run may have been cut off after the device had accepted it.
      if (isRegistered(await asAdmin(job, (device, session) => device.health(session)))) return 'accepted';
      if (EXPIRED.test(error.words)) return 'expired';
      if (MEANINGS.some(([words]) => words.test(error.words))) throw explained(error);
      return 'wrong';
    }
  },
};
