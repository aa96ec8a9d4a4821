import type { Message } from '../domain/message.ts';
import { pause, toIso } from '../platform/clock.ts';
import { logger } from '../platform/log.ts';
import { type Attempt, entry } from './attempt.ts';

/** A part that the channel accepted. */
export interface AcceptedPart {
  id: string | undefined;
  /** When its request left, ms since the epoch: never later than the channel's own time of it. */
  sentAt: number;
  isLast: boolean;
}

/** Pauses before the record of an accepted part is tried again, in ms. */
const PAUSES_MS = [100, 500, 2_000, 4_000];

/**
 * Records a part that the channel accepted: first what statuses come back by, then the message. What is not recorded is in doubt,
 * and may be sent twice; so a table that fails for a moment is asked again.
 */
export async function recordPart(attempt: Attempt, part: AcceptedPart): Promise<Message> {
  for (const ms of PAUSES_MS) {
    try {
      return await record(attempt, part);
    } catch (error) {
      if (attempt.lease.left < ms) throw error;
      logger.warn('an accepted message could not be recorded', {
        messageSid: attempt.message.sid,
        error: error as Error,
      });
      await pause(ms);
    }
  }
  return record(attempt, part);
}

async function record(attempt: Attempt, { id, sentAt, isLast }: AcceptedPart): Promise<Message> {
  const { message, sender, channel, dependencies } = attempt;
  const { messages, messageIds, sentMessages, now } = dependencies;
  if (id && channel.needsIdPointer) await messageIds.remember(sender.sid, id, message.sid, now(), !isLast);
  if (isLast && channel.hasWatermarks) await sentMessages.add(sender.sid, message.to, message.sid, sentAt);
  const at = now();
  const accepted = { channelMessageIds: [...message.channelMessageIds, id ?? ''] };
  if (!isLast) return (await messages.note(message, entry(at, 'part-sent'), accepted)).message ?? message;
  const sent = { ...accepted, dateSent: message.dateSent ?? toIso(at) };
  const change = await messages.advance(message, 'sent', entry(at, 'sent'), sent);
  if (change.changed) return change.message;
  // The table took it the first time, and only its answer was lost.
  if (change.message && change.message.channelMessageIds.length > message.channelMessageIds.length)
    return change.message;
  // Its status came back faster than we could write: it is `delivered` already and stays so.
  return (await messages.note(message, entry(at, 'sent'), sent)).message ?? message;
}
