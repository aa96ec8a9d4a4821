import { failures } from '../domain/failure.ts';
import type { ScheduledEntry } from '../platform/stores/schedule.ts';
import { announceEnd, type DueDependencies, failDue } from './due-messages.ts';

/**
 * A message waits in a backlog and its validity has ended: it fails at that time, not only when its turn comes.
 * @returns whether it failed now
 */
export async function expireBacklogged(due: ScheduledEntry, dependencies: DueDependencies): Promise<boolean> {
  const message = await dependencies.messages.get(due.accountSid, due.messageSid);
  if (!message) return false;
  // What is being delivered, or waits for another attempt, is Deliver's to end.
  if (message.status === 'queued' && message.attempt === 0) {
    return failDue(message, failures.validityExpired(), dependencies);
  }
  await announceEnd(message, dependencies);
  return false;
}
