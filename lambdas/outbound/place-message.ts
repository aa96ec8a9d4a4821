import type { Channel } from '../channels/types.ts';
import { SETTLED_MS } from '../domain/backlog.ts';
import type { Message } from '../domain/message.ts';
import { rateOf } from '../domain/rate.ts';
import type { Sender } from '../domain/sender.ts';
import { newSid, sidTime } from '../domain/sid.ts';
import { conversationGroup, type OutboundTask } from '../domain/tasks.ts';
import { isWindowOpen } from '../domain/window.ts';
import type { Clock } from '../platform/clock.ts';
import type { ActivityStore } from '../platform/stores/activity.ts';
import type { BacklogEntry, BacklogStore } from '../platform/stores/backlogs.ts';
import type { WindowStore } from '../platform/stores/windows.ts';
import type { Admission } from './admission.ts';

export interface PlaceDependencies {
  windows: Pick<WindowStore, 'contact' | 'markWaiting'>;
  admission: Pick<Admission, 'place'>;
  backlogs: Pick<BacklogStore, 'open' | 'add'>;
  activity: Pick<ActivityStore, 'note'>;
  now: Clock;
}

/** What is known of a message only when it is placed; part of what is stored. */
export type PlacedAttributes = Pick<Message, 'windowUntil' | 'backlogged'>;

/** A message that was stored. `task` is to be queued now; a message without one waits in its sender's backlog. */
export interface Placed {
  message: Message;
  task?: { task: OutboundTask; group: string };
  /** When it will be sent if all goes well, ms since the epoch. */
  turn: number;
}

export interface PlaceContext {
  sender: Sender;
  channel: Pick<Channel, 'limits' | 'window'>;
  wasAccepted?: boolean;
}

/** How long after a contact's message one to it counts as an answer, where the channel has no window. */
const CONVERSATION_HOURS = 24;

/** How long a backlog entry is kept after its message's validity, in seconds. */
const ENTRY_LIFETIME = 24 * 3_600;

/**
 * Finds out where a message goes, and has it stored. What is written before the message leads to nothing as long as there is none, and
 * after it only its task is missing, which the sweep finds: so a message that was stored is sent, wherever this is cut off.
 *
 *   queue:    activity ──▶ message ──▶ (by the caller) task in the queue
 *   backlog:  mark of the contact ──▶ task in the backlog ──▶ message
 *
 * @param wasAccepted true for a message that was accepted before, for a later time: it is never too much
 * @param store stores the message with these attributes; answers it as it is stored
 * @throws TwilioError 21611 when the sender has more than it can send; nothing is stored then
 */
export async function placeMessage(
  message: Pick<Message, 'sid' | 'accountSid' | 'senderSid' | 'to' | 'direction' | 'validUntil'>,
  { sender, channel, wasAccepted }: PlaceContext,
  store: (placed: PlacedAttributes) => Promise<Message>,
  dependencies: PlaceDependencies,
): Promise<Placed> {
  const { windows, admission, activity, now } = dependencies;
  const { lastInboundAt, waiting } = await windows.contact(sender.sid, message.to);
  const hours = channel.window?.hours ?? CONVERSATION_HOURS;
  const isOpen = isWindowOpen(lastInboundAt, hours, now());
  const isReply = isOpen || message.direction === 'outbound-reply';
  const rate = rateOf(sender, channel);
  const placement = await admission.place(sender.sid, rate, { isReply, waiting, wasAccepted });
  const { turn } = placement;
  const window =
    isOpen && channel.window && lastInboundAt !== undefined ? { windowUntil: lastInboundAt + hours * 3_600_000 } : {};
  const { accountSid, senderSid, sid, validUntil } = message;
  const task: OutboundTask = {
    accountSid,
    senderSid,
    messageSid: sid,
    ...(isReply && { reply: true }),
    ...(validUntil !== undefined && { validUntil: Date.parse(validUntil) }),
  };
  const group = conversationGroup(senderSid, message.to);

  if (placement.place === 'backlog') {
    const kept = Math.floor(Math.max(now(), task.validUntil ?? turn) / 1_000) + ENTRY_LIFETIME;
    await putInBacklog(message.to, { task, group, ttl: kept }, dependencies);
    return { message: await store({ ...window, backlogged: true }), turn };
  }
  await activity.note(accountSid, sidTime(sid), now());
  const stored = await store(window);
  const { dueAt } = placement;
  return { message: stored, task: { task: { ...task, ...(dueAt !== undefined && { dueAt }) }, group }, turn };
}

/**
 * The place in the order is taken anew, because a message that was scheduled or is accepted again has a SID of long ago. Where the
 * writes took so long that the release may have passed that place, or closed the backlog, the task gets another: delivered twice, it
 * is sent once.
 */
async function putInBacklog(
  contact: string,
  entry: BacklogEntry,
  { windows, backlogs, now }: Pick<PlaceDependencies, 'windows' | 'backlogs' | 'now'>,
): Promise<void> {
  const { accountSid, senderSid } = entry.task;
  for (;;) {
    const at = now();
    await backlogs.open({ accountSid, senderSid }, at);
    const order = newSid('SM', at).slice(2);
    await windows.markWaiting(senderSid, contact, order, at);
    await backlogs.add(order, entry);
    if (now() - at < SETTLED_MS / 2) return;
  }
}
