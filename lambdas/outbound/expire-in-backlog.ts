import type { ScheduleStore } from '../platform/stores/schedule.ts';
import type { Placed } from './place-message.ts';

/**
 * Lists a message that waits in its sender's backlog and cannot be sent in time, so that it fails when its validity ends and not
 * when its turn comes, which may be hours later.
 */
export async function expireInBacklog(
  { message, turn }: Pick<Placed, 'message' | 'turn'>,
  schedule: Pick<ScheduleStore, 'add'>,
): Promise<void> {
  const at = message.validUntil === undefined ? Number.POSITIVE_INFINITY : Date.parse(message.validUntil);
  if (!message.backlogged || at >= turn) return;
  await schedule.add({ kind: 'expire', accountSid: message.accountSid, messageSid: message.sid, at });
}
