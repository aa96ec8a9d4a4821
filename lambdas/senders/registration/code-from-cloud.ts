import type { VerificationMethod } from '../../domain/registration.ts';
import { GraphRefusal } from '../graph/errors.ts';
import * as number from '../graph/phone-number.ts';
import { RegistrationRefused } from './errors.ts';
import { graphOf, numberIdOf } from './graph-of.ts';
import type { Job } from './job.ts';

/*
 * Codes that the Graph API sends. Its reference names no error codes for them; seen are 136024 for a request that is refused
 * and 136025 for a code, with the reason in words.
 */

const TOO_SOON = /too (recent|soon|many)|\bwait\b|try again (later|in|after)/i;
const EXPIRED = /expired|has been requested|new (one|code)/i;
/** Of a code: a parameter that is wrong, or Meta's own "verify code error". */
const WRONG_CODE = [100, 136025];

/** The language of the text message or the call, unless the sender says otherwise. */
const LANGUAGE = 'en_US';

export const cloudCodes = {
  /** @param mayBeSent an earlier run may have asked for it: then "too soon" says that it is on its way */
  async request(job: Job, method: VerificationMethod, mayBeSent: boolean): Promise<'sent' | 'registered'> {
    if (await isVerified(job)) return 'registered';
    const language = job.sender.fields['language'] ?? LANGUAGE;
    try {
      await number.requestCode(await graphOf(job), numberIdOf(job), method, language);
      return 'sent';
    } catch (error) {
      if (!(error instanceof GraphRefusal) || !TOO_SOON.test(error.words)) throw error;
      if (mayBeSent) return 'sent';
      throw new RegistrationRefused(
        `Meta sends no further code to the number yet (Meta says: ${error.words}).`,
        'Wait as long as it says, an hour if it does not, then register the number again.',
      );
    }
  },

  async verify(job: Job, code: string): Promise<'accepted' | 'wrong' | 'expired'> {
    try {
      await number.verifyCode(await graphOf(job), numberIdOf(job), code);
      return 'accepted';
    } catch (error) {
      if (!(error instanceof GraphRefusal)) throw error;
      // An earlier run may have been cut off after Meta had accepted it.
      if (await isVerified(job)) return 'accepted';
      if (EXPIRED.test(error.words)) return 'expired';
      if (error.code !== undefined && WRONG_CODE.includes(error.code) && !TOO_SOON.test(error.words)) return 'wrong';
      throw error;
    }
  },
};

async function isVerified(job: Job): Promise<boolean> {
  const state = await number.fetchNumber(await graphOf(job), numberIdOf(job), ['code_verification_status']);
  return state.code_verification_status === 'VERIFIED';
}
