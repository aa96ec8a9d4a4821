import type { Channel, ChannelEvent } from '../channels/types.ts';
import { statusCallback } from '../domain/callback.ts';
import type { Message, TimelineEntry } from '../domain/message.ts';
import type { Sender } from '../domain/sender.ts';
import type { CallbackTask } from '../domain/tasks.ts';
import { type Clock, toIso } from '../platform/clock.ts';
import { logger } from '../platform/log.ts';
import type { MessageIdStore } from '../platform/stores/message-ids.ts';
import type { MessageStore } from '../platform/stores/messages.ts';
import type { WindowStore } from '../platform/stores/windows.ts';
import { receiveMessage } from './receive-message.ts';

type StatusEvent = Extract<ChannelEvent, { type: 'status' }>;

/** A status names a message that is not known: not yet, when the webhook was faster than our own record, or never. */
export class UnknownMessageError extends Error {}

export interface ApplyDependencies {
  messages: MessageStore;
  messageIds: MessageIdStore;
  windows: WindowStore;
  announce(task: CallbackTask): Promise<void>;
  /** Copies a message's media to where customers can fetch them; absent where there is no time for it. */
  fetchMedia?(message: Message, context: EventContext): Promise<void>;
  now: Clock;
}

/** Whose event it is, and where the gateway is reached: links in callbacks point there. */
export interface EventContext {
  sender: Sender;
  channel: Channel;
  gatewayUrl: string;
}

/**
 * Applies one event, completely or not at all as far as anybody can see: every step can be repeated, and the callback is
 * queued last, so an event that was cut off anywhere is applied whole the next time it comes.
 */
export async function applyEvent(
  event: ChannelEvent,
  context: EventContext,
  dependencies: ApplyDependencies,
): Promise<void> {
  switch (event.type) {
    case 'message':
      return receiveMessage(event, context, dependencies);
    case 'status':
      return applyStatus(event, context, dependencies);
    case 'account':
      logger.info('account event', { senderSid: context.sender.sid, channel: event.channel, name: event.name });
  }
}

async function applyStatus(
  event: StatusEvent,
  { sender, channel }: EventContext,
  { messages, messageIds, announce, now }: ApplyDependencies,
): Promise<void> {
  const sid = event.sid ?? (event.id === undefined ? undefined : await messageIds.find(sender.sid, event.id));
  if (!sid) throw new UnknownMessageError(`No message is known by the channel's id in this ${event.status} status.`);
  const { error } = event;
  const entry: TimelineEntry = {
    at: toIso(now()),
    event: event.status,
    by: 'channel',
    ...(error && { detail: { errorCode: error.twilioCode, code: error.code } }),
  };
  const failure = error && { errorCode: error.twilioCode, errorMessage: error.title ?? `Channel error ${error.code}` };
  const change = await messages.advance({ accountSid: sender.accountSid, sid }, event.status, entry, failure);
  if (!change.message) throw new UnknownMessageError(`The message ${sid} does not exist.`);
  // An event that was applied before but may have been cut off before its callback is announced again; SQS drops repeats.
  if (!change.changed && !wasApplied(change.message, event.status)) return;
  const task = statusCallback({ ...change.message, status: event.status }, sender, channel.address);
  if (task) await announce(task);
}

/** True when the channel's own report of this status is in the timeline: the event has come before. */
function wasApplied(message: Message, status: string): boolean {
  return message.timeline.some(({ by, event }) => by === 'channel' && event === status);
}
