import { SETTLED_MS } from '../domain/backlog.ts';
import { failures } from '../domain/failure.ts';
import type { Message } from '../domain/message.ts';
import { isOnline } from '../domain/sender.ts';
import { conversationGroup } from '../domain/tasks.ts';
import { type PlaceDependencies, type Placed, type PlacedAttributes, placeMessage } from '../outbound/place-message.ts';
import { logger } from '../platform/log.ts';
import type { ScheduledEntry } from '../platform/stores/schedule.ts';
import { announceEnd, type DueDependencies, entry, failDue } from './due-messages.ts';
import { type Enqueue, enqueueApart } from './enqueue-apart.ts';
import { inLanes } from './lanes.ts';

export interface SendScheduledDependencies extends DueDependencies {
  placing: Omit<PlaceDependencies, 'activity' | 'now'>;
  enqueue: Enqueue;
  /** Has a message that waits in a backlog fail when its validity ends. */
  expire(placed: Placed): Promise<void>;
}

/** Conversations at a time: each message takes several calls to the table, one after the other. */
const LANES = 32;

/** What came of some entries. Those that are not `done` are tried again. */
export interface Outcome {
  done: ScheduledEntry[];
  sent: number;
  failed: number;
  troubles: Error[];
}

interface Due {
  entry: ScheduledEntry;
  message: Message;
}

/**
 * Scheduled messages' time has come: each becomes `queued` and goes where one goes that is accepted now. Safe to repeat and to be cut
 * off anywhere, because the entry is removed last: one that comes again finds its message `queued`, and it is placed again. A second
 * task does no harm: SQS drops it, or delivery, which takes a message only once.
 *
 *   scheduled ──fire──▶ queued ──▶ task in the queue or in the backlog ──▶ (by the caller) entry removed
 *
 * @param due oldest first; those of one contact are placed in this order
 * @param stuck conversations in which one could not be placed: nothing that follows it may pass; added to
 */
export async function sendScheduled(
  due: readonly ScheduledEntry[],
  stuck: Set<string>,
  hasTime: () => boolean,
  dependencies: SendScheduledDependencies,
): Promise<Outcome> {
  const outcome: Outcome = { done: [], sent: 0, failed: 0, troubles: [] };
  const waiting = await readDue(due, outcome, dependencies);
  const placing = { ...dependencies.placing, admission: oneAtATime(dependencies.placing.admission) };
  const tasks = new Map<string, { placed: Placed; entry: ScheduledEntry }>();
  const conversations = Map.groupBy(waiting, ({ message }) => conversationGroup(message.senderSid, message.to));
  await inLanes([...conversations], LANES, async ([group, messages]) => {
    for (const one of messages) {
      if (stuck.has(group) || !hasTime()) return;
      try {
        const placed = await placeDue(one, outcome, { ...dependencies, placing });
        if (placed?.task) tasks.set(one.message.sid, { placed, entry: one.entry });
      } catch (error) {
        stuck.add(group);
        note(outcome, one.entry, error);
      }
    }
  });
  await queueAll(waiting, tasks, stuck, outcome, dependencies);
  return outcome;
}

/** Reads the messages of entries, and finishes with those that are not to be sent any more. */
async function readDue(
  due: readonly ScheduledEntry[],
  outcome: Outcome,
  dependencies: SendScheduledDependencies,
): Promise<Due[]> {
  const found = new Map<ScheduledEntry, Message>();
  await inLanes(due, LANES, async (one) => {
    try {
      const message = await dependencies.messages.get(one.accountSid, one.messageSid);
      // Queued by a sweep that was cut off before it removed the entry.
      if (message?.status === 'scheduled' || (message?.status === 'queued' && message.attempt === 0)) {
        found.set(one, message);
        return;
      }
      if (message) await announceEnd(message, dependencies);
      outcome.done.push(one);
    } catch (error) {
      note(outcome, one, error);
    }
  });
  return due.flatMap((one) => {
    const message = found.get(one);
    return message ? [{ entry: one, message }] : [];
  });
}

/** A sender's messages take their turns one after the other: one that finds room taken for several needs no call. */
function oneAtATime(admission: PlaceDependencies['admission']): PlaceDependencies['admission'] {
  const last = new Map<string, Promise<unknown>>();
  return {
    place(senderSid, ...rest) {
      const before = last.get(senderSid) ?? Promise.resolve();
      const placed = before.catch(() => {}).then(() => admission.place(senderSid, ...rest));
      last.set(senderSid, placed);
      return placed;
    },
  };
}

/** @returns where it goes; undefined when it goes nowhere */
async function placeDue(
  { entry: due, message }: Due,
  outcome: Outcome,
  dependencies: SendScheduledDependencies,
): Promise<Placed | undefined> {
  const { senders, channel: find, now } = dependencies;
  const sender = await senders.get(message.accountSid, message.senderSid);
  if (!sender || !isOnline(sender)) {
    if (await failDue(message, failures.senderGone(), dependencies)) outcome.failed += 1;
    outcome.done.push(due);
    return undefined;
  }
  const channel = find(sender.channel);
  const began = now();
  const placed = await placeMessage(
    message,
    { sender, channel, wasAccepted: true },
    (attributes) => fire(message, attributes, dependencies),
    // The entry itself leads to the message until its task is in the queue: it needs no marker.
    { ...dependencies.placing, activity: { note: async () => {} }, now },
  );
  if (placed.message.status !== 'queued') {
    await announceEnd(placed.message, dependencies);
    outcome.done.push(due);
    return undefined;
  }
  if (!placed.task) {
    await dependencies.expire(placed);
    if (message.status === 'scheduled') outcome.sent += 1;
    // The backlog may have been released before the message was queued, and the task dropped: it is placed again.
    if (now() - began < SETTLED_MS / 2) outcome.done.push(due);
  }
  return placed;
}

/** @returns the message as it is now; anything but `queued` when it was canceled meanwhile */
async function fire(
  message: Message,
  attributes: PlacedAttributes,
  { messages, now }: SendScheduledDependencies,
): Promise<Message> {
  const change =
    message.status === 'scheduled'
      ? await messages.fire(message, entry(now(), 'queued'), attributes)
      : await messages.note(message, entry(now(), 'repeated'), attributes);
  // What is deleted was canceled before.
  return change.message ?? { ...message, status: 'canceled' };
}

async function queueAll(
  waiting: readonly Due[],
  placed: ReadonlyMap<string, { placed: Placed; entry: ScheduledEntry }>,
  stuck: Set<string>,
  outcome: Outcome,
  { enqueue }: SendScheduledDependencies,
): Promise<void> {
  const tasks = waiting.flatMap(({ message }) => {
    const task = placed.get(message.sid)?.placed.task;
    return task ? [{ ...task, deduplicationId: message.sid }] : [];
  });
  const { queued, errors } = await enqueueApart(tasks, enqueue);
  const taken = new Set(queued.map(({ task }) => task.messageSid));
  for (const { entry: due, message } of waiting) {
    const isQueued = taken.has(message.sid);
    if (isQueued) outcome.done.push(due);
    if (isQueued && message.status === 'scheduled') outcome.sent += 1;
    if (!isQueued && placed.has(message.sid)) stuck.add(conversationGroup(message.senderSid, message.to));
  }
  outcome.troubles.push(...errors);
}

function note(outcome: Outcome, { messageSid }: ScheduledEntry, error: unknown): void {
  logger.error('a scheduled message could not be sent yet', { messageSid, error: error as Error });
  outcome.troubles.push(error as Error);
}
