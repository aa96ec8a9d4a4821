import type { SQSBatchItemFailure, SQSRecord } from 'aws-lambda';
import { earlyBy } from '../domain/backlog.ts';
import type { Rate } from '../domain/pacing.ts';
import { type OutboundTask, outboundTaskSchema } from '../domain/tasks.ts';
import { pause } from '../platform/clock.ts';
import { type Handled, type Returned, readTask, returnToQueue, runLanes } from '../platform/fifo-batch.ts';
import { logger } from '../platform/log.ts';
import type { BacklogOwner } from '../platform/stores/backlogs.ts';
import { type Entry, reserveSlots, type SlotDependencies, type Slots } from './reserve-slots.ts';

/** Time for one whole attempt, in ms: waiting for its slot, a login, the send, and what follows. */
const LEAST_TIME_MS = 25_000;

export interface BatchDependencies extends SlotDependencies {
  deliver(task: OutboundTask): Promise<Handled>;
  /** Moves what waits in a sender's backlog into the queue, as far as there is room. */
  release(owner: BacklogOwner, rate: Rate): Promise<unknown>;
  /** Counts tasks that were released from a sender's backlog, had a slot, and are in the queue again. */
  postpone(senderSid: string, count: number): Promise<void>;
  /** Keeps a task that cannot be read, with the reason, where people will find it. */
  bury(record: SQSRecord, reason: string): Promise<void>;
  hide(messages: { receiptHandle: string; seconds: number }[]): Promise<void>;
}

/**
 * Delivers a batch: hides what comes too early, reserves sending slots for the rest, then delivers each message in its slot. Tasks
 * of one conversation go one after the other, conversations at the same time.
 * @param remainingMs how long the function may still run
 * @returns the records that stay in the queue, because they must wait or were not tried
 */
export async function deliverBatch(
  records: SQSRecord[],
  remainingMs: () => number,
  dependencies: BatchDependencies,
): Promise<SQSBatchItemFailure[]> {
  const hide = (returned: Returned[]) => returnToQueue(returned, (messages) => hideOrLog(messages, dependencies));
  const entries = await readTasks(records, dependencies);
  const { early, due } = byTurn(entries, dependencies.now());
  const hidden = [hide(early)];
  // One sender's slots have nothing to wait for another's for, and what gets none is hidden at once: seconds count from then.
  const reservations = await Promise.all(
    [...Map.groupBy(due, ({ task }) => task.senderSid).values()].map(async (ofSender) => {
      const slots = await reserveOrReturn(ofSender, dependencies);
      hidden.push(hide(slots.wait));
      return slots;
    }),
  );
  const going = reservations.flatMap(({ go }) => go);
  const returned = await deliverInSlots(going, remainingMs, dependencies);
  hidden.push(hide(returned));
  await countAgain(going, returned, dependencies);
  await releaseBacklogs(reservations, dependencies);
  return (await Promise.all(hidden)).flat();
}

async function readTasks(records: SQSRecord[], { bury }: BatchDependencies): Promise<Entry[]> {
  const entries: Entry[] = [];
  for (const record of records) {
    const task = readTask(record, outboundTaskSchema);
    if (task) entries.push({ record, task });
    else await bury(record, 'The task is not a JSON document with accountSid, senderSid and messageSid.');
  }
  return entries;
}

/** Splits off what comes too early, with all that follows it in its conversation. */
function byTurn(entries: readonly Entry[], now: number): { early: Returned[]; due: Entry[] } {
  const waitOf = new Map<string | undefined, number>();
  const early: Returned[] = [];
  const due: Entry[] = [];
  for (const entry of entries) {
    const { record, task } = entry;
    const group = record.attributes.MessageGroupId;
    const ms = waitOf.get(group) ?? earlyBy(task.dueAt, now);
    if (ms > 0) {
      waitOf.set(group, ms);
      early.push({ record, seconds: ms / 1_000 });
    } else due.push(entry);
  }
  return { early, due };
}

/** Seconds after which tasks come back whose slots could not be asked for. */
const TROUBLE_SECONDS = 5;

async function reserveOrReturn(entries: Entry[], dependencies: BatchDependencies): Promise<Slots> {
  try {
    return await reserveSlots(entries, dependencies);
  } catch (error) {
    logger.error('no slots could be reserved', { senderSid: entries[0]?.task.senderSid, error: error as Error });
    return { go: [], wait: entries.map(({ record }) => ({ record, seconds: TROUBLE_SECONDS })) };
  }
}

async function deliverInSlots(
  entries: readonly (Entry & { slot: number })[],
  remainingMs: () => number,
  { deliver, now }: BatchDependencies,
): Promise<Returned[]> {
  const ready = new Map(entries.map((entry) => [entry.record, entry]));
  const endedAt = new Map<string | undefined, number>();
  // In the order they came in, which is the order of their conversations.
  const returned = await runLanes([...ready.keys()], {
    async handle(record) {
      const entry = ready.get(record);
      if (!entry) throw new Error('A lane got a record that has no slot.');
      await pause(Math.max(0, entry.slot - now()));
      const handled = await deliver(entry.task);
      if (!handled.done) endedAt.set(record.attributes.MessageGroupId, now());
      return handled;
    },
    remainingMs,
    leastMs: LEAST_TIME_MS,
  });
  // Other conversations may have taken longer: what a task waits for has gone on meanwhile.
  return returned.map(({ record, seconds }) => {
    const since = now() - (endedAt.get(record.attributes.MessageGroupId) ?? now());
    return { record, seconds: Math.max(0, seconds - since / 1_000) };
  });
}

/** What had a slot and comes back needs another one: the backlog is to know that it is still in the queue. */
async function countAgain(
  going: readonly Entry[],
  returned: readonly Returned[],
  { postpone }: BatchDependencies,
): Promise<void> {
  const back = new Set(returned.map(({ record }) => record));
  const counted = going.filter(({ record, task }) => task.released && back.has(record));
  for (const [senderSid, { length }] of Map.groupBy(counted, ({ task }) => task.senderSid)) {
    try {
      await postpone(senderSid, length);
    } catch (error) {
      logger.warn('a backlog was not told what is in the queue again', { senderSid, error: error as Error });
    }
  }
}

/** What comes of this harms nothing: the next batch asks again, and the sweep does. */
async function releaseBacklogs(reservations: readonly Slots[], { release }: BatchDependencies): Promise<void> {
  await Promise.all(
    reservations.map(async ({ release: due }) => {
      if (!due) return;
      try {
        await release(due.owner, due.rate);
      } catch (error) {
        logger.warn('a backlog was not released', { senderSid: due.owner.senderSid, error: error as Error });
      }
    }),
  );
}

/** What is not hidden comes back when the queue's own time is over; throwing would bring back what was delivered too. */
async function hideOrLog(
  messages: { receiptHandle: string; seconds: number }[],
  { hide }: BatchDependencies,
): Promise<void> {
  try {
    await hide(messages);
  } catch (error) {
    logger.error('tasks were not hidden', { count: messages.length, error: error as Error });
  }
}
