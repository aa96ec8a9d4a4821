import { fetchNumber } from '../graph/phone-number.ts';
import { RegistrationRefused, TryAgain } from './errors.ts';
import { graphOf, numberIdOf } from './graph-of.ts';
import { DONE, type Step } from './job.ts';

const SHORTEST_WAIT_S = 30;
const LONGEST_WAIT_S = 15 * 60;

/** Meta decides within days, if at all; the state machine itself ends after three weeks. */
const PATIENCE_DAYS = 14;

/** CheckDisplayName: whether Meta has approved the name. Asks less and less often: after half of the time waited so far. */
export const checkDisplayName: Step = async (job) => {
  const { name_status: status, verified_name: name } = await fetchNumber(await graphOf(job), numberIdOf(job), [
    'name_status',
    'verified_name',
  ]);
  const called = name === undefined ? 'The display name' : `The display name "${name}"`;
  if (status === 'APPROVED' || status === 'AVAILABLE_WITHOUT_REVIEW') {
    if (job.sender.status === 'TWILIO_REVIEW') await job.changeSender({ status: 'CREATING' });
    return { outcome: 'approved' };
  }
  if (status === 'DECLINED') {
    throw new RegistrationRefused(
      `Meta has declined ${called.replace('The', 'the')}.`,
      'Change it in WhatsApp Manager to one that follows the rules for display names, then register the number again.',
    );
  }
  if (status === 'EXPIRED') {
    throw new RegistrationRefused(
      `${called} was approved too long ago: its certificate has expired.`,
      'Submit the name again in WhatsApp Manager, then register the number again.',
    );
  }
  if (job.age > PATIENCE_DAYS * 86_400_000) {
    throw new RegistrationRefused(
      `Meta has not decided about ${called.replace('The', 'the')} within ${PATIENCE_DAYS} days.`,
      'Ask Meta in WhatsApp Manager, then register the number again.',
    );
  }
  if (job.sender.status !== 'TWILIO_REVIEW') await job.changeSender({ status: 'TWILIO_REVIEW' });
  const waitSeconds = Math.min(LONGEST_WAIT_S, Math.max(SHORTEST_WAIT_S, Math.round(job.age / 2_000)));
  return { outcome: 'pending', waitSeconds };
};

/** FetchCertificate: what proves the name to a device, fetched anew each time, since it expires. */
export const fetchCertificate: Step = async (job) => {
  const { certificate } = await fetchNumber(await graphOf(job), numberIdOf(job), ['certificate']);
  if (!certificate) throw new TryAgain('Meta has approved the display name, but gives no certificate for it yet.');
  await job.changeSecret({ certificate });
  await job.changeRecord({ certificateFetched: true });
  return DONE;
};
