import type { CodeAnswer, Registration } from './registration.ts';
import type { Sender } from './sender.ts';

/** How soon another code may be asked for, in ms: WhatsApp refuses what comes sooner, and a message may take a while. */
export const RESEND_AFTER_MS = 60_000;

/** How often a code may be sent again in one registration. WhatsApp blocks a number for hours that asks too often. */
export const MOST_RESENDS = 5;

/**
 * Why a registration cannot take a code, or ask for another one; undefined when it can.
 * @param now ms since the epoch
 */
export function codeProblem(
  { status }: Pick<Sender, 'status'>,
  record: Registration | undefined,
  { action }: CodeAnswer,
  now: number,
): string | undefined {
  const name = `configuration.verification_${action === 'verify' ? 'code' : 'method'}`;
  if (status === 'ONLINE' || status === 'ONLINE:UPDATING') {
    return `${name}: the number is registered already; no code is needed`;
  }
  if (!record || record.state === 'failed' || status === 'OFFLINE') {
    const step = record?.failure ? ` at the step ${record.failure.step}` : '';
    return `${name}: the registration has failed${step}; register the number again (POST Senders), then a new code is sent`;
  }
  const { code, step } = record;
  if (!code?.taskToken) {
    return `${name}: no code is waited for; the registration is at the step ${step}. Fetch the sender until its status is PENDING_VERIFICATION`;
  }
  if (action === 'verify') return undefined;
  if (code.resends >= MOST_RESENDS) {
    return `${name}: the code was sent again ${code.resends} times, which is all; give the last one, or delete the sender and register the number later`;
  }
  const wait = Date.parse(code.requestedAt) + RESEND_AFTER_MS - now;
  if (wait > 0) {
    return `${name}: a code has just been sent; ask for another one in ${Math.ceil(wait / 1000)} seconds`;
  }
  return undefined;
}
