import type { ChannelEvent } from '../channels/types.ts';
import { statusCallbacks } from '../domain/callback.ts';
import type { Message, TimelineEntry } from '../domain/message.ts';
import type { MessageStatus } from '../domain/status.ts';
import { toIso } from '../platform/clock.ts';
import type { ApplyDependencies, EventContext } from './apply-event.ts';

const KNOWN_AS_SENT: readonly MessageStatus[] = ['sent', 'delivered', 'read'];

const FAILURES: readonly MessageStatus[] = ['failed', 'undelivered'];

export type StatusEvent = Extract<ChannelEvent, { type: 'status' }>;

/** A status names a message that is not known: not yet, when the webhook was faster than our own record, or never. */
export class UnknownMessageError extends Error {
  /** It may never become known, and nothing is wrong with that. */
  readonly isExpected: boolean;

  constructor(message: string, isExpected = false) {
    super(message);
    this.isExpected = isExpected;
  }
}

/** Applies a status to the message that it names, or to all that a contact was sent up to the time that it names. */
export async function applyStatus(
  event: StatusEvent,
  context: EventContext,
  dependencies: ApplyDependencies,
): Promise<void> {
  if (event.before !== undefined && event.to !== undefined && event.id === undefined && event.sid === undefined) {
    return applyWatermark(event, event.to, Date.parse(event.before), context, dependencies);
  }
  const { messageIds } = dependencies;
  const byId = event.sid === undefined && event.id !== undefined;
  const pointer = byId ? await messageIds.find(context.sender.sid, event.id ?? '') : undefined;
  const sid = event.sid ?? pointer?.messageSid;
  // A message in several parts is as far as its last one is; but without one of them it has failed.
  if (pointer?.isEarlierPart && !FAILURES.includes(event.status)) return;
  if (!sid) {
    const reason = `No message is known by the channel's id in this ${event.status} status.`;
    throw new UnknownMessageError(reason, event.foreign);
  }
  if (await advance(sid, event, context, dependencies)) return;
  // Its customer deleted it, and wants to hear no more of it.
  if (await dependencies.messages.wasDeleted(context.sender.accountSid, sid)) return;
  throw new UnknownMessageError(`The message ${sid} does not exist.`);
}

/** A watermark says nothing of single messages: one that finds nothing left to tell is not an error. */
async function applyWatermark(
  event: StatusEvent,
  contact: string,
  before: number,
  context: EventContext,
  dependencies: ApplyDependencies,
): Promise<void> {
  const { sentMessages } = dependencies;
  const senderSid = context.sender.sid;
  for (const sent of await sentMessages.until(senderSid, contact, before, event.status)) {
    await advance(sent.messageSid, event, context, dependencies);
    // Last, so that a message whose callback was cut off is found again.
    await sentMessages.mark(senderSid, contact, sent, event.status);
  }
}

/** False when there is no such message. */
async function advance(
  sid: string,
  event: StatusEvent,
  { sender, channel }: EventContext,
  { messages, announce, now }: ApplyDependencies,
): Promise<boolean> {
  const { error } = event;
  // Deliver has nearly always said so before: to look costs a tenth of a write whose condition does not hold.
  if (event.status === 'sent' && isOldNews(await messages.glance(sender.accountSid, sid))) return true;
  const entry: TimelineEntry = {
    at: toIso(now()),
    event: event.status,
    by: 'channel',
    ...(error && { detail: { errorCode: error.twilioCode, code: error.code } }),
  };
  const failure = error && { errorCode: error.twilioCode, errorMessage: error.title ?? `Channel error ${error.code}` };
  const change = await messages.advance({ accountSid: sender.accountSid, sid }, event.status, entry, failure);
  if (!change.message) return false;
  // An event that was applied before but may have been cut off before its callback is announced again; SQS drops repeats.
  if (!change.changed && !wasApplied(change.message, event.status)) return true;
  const tasks = statusCallbacks({ ...change.message, status: event.status }, sender, channel.address, now());
  if (tasks.length > 0) await announce(...tasks);
  return true;
}

/** True when a message is known to be `sent` or more, which nothing takes back, and that was told by who noted it. */
function isOldNews(message: Message | undefined): boolean {
  return message !== undefined && KNOWN_AS_SENT.includes(message.status) && !wasApplied(message, 'sent');
}

/** True when the channel's own report of this status is in the timeline: the event has come before. */
function wasApplied(message: Message, status: string): boolean {
  return message.timeline.some(({ by, event }) => by === 'channel' && event === status);
}
