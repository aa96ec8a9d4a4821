import type { SQSBatchItemFailure, SQSRecord } from 'aws-lambda';
import type { Channel } from '../channels/types.ts';
import { type OutboundTask, outboundTaskSchema } from '../domain/tasks.ts';
import { type Clock, pause } from '../platform/clock.ts';
import { type Handled, type Returned, readTask, returnToQueue, runLanes } from '../platform/fifo-batch.ts';
import type { PacingStore } from '../platform/stores/pacing.ts';
import type { SenderStore } from '../platform/stores/senders.ts';

/** Time for one whole attempt, in ms: waiting for its slot, a login, the send, and what follows. */
const LEAST_TIME_MS = 25_000;

export interface BatchDependencies {
  senders: SenderStore;
  pacing: PacingStore;
  channel(name: string): Channel;
  deliver(task: OutboundTask): Promise<Handled>;
  /** Keeps a task that cannot be read, with the reason, where people will find it. */
  bury(record: SQSRecord, reason: string): Promise<void>;
  hide(messages: { receiptHandle: string; seconds: number }[]): Promise<void>;
  now: Clock;
}

interface Entry {
  record: SQSRecord;
  task: OutboundTask;
}

/**
 * Delivers a batch: reserves sending slots, one write per sender, then delivers each message in its slot. Tasks of one
 * conversation go one after the other, conversations at the same time.
 * @param remainingMs how long the function may still run
 * @returns the records that stay in the queue, because they must wait or were not tried
 */
export async function deliverBatch(
  records: SQSRecord[],
  remainingMs: () => number,
  dependencies: BatchDependencies,
): Promise<SQSBatchItemFailure[]> {
  const entries = await readTasks(records, dependencies);
  const bySender = [...Map.groupBy(entries, ({ task }) => task.senderSid).values()];
  const reservations = await Promise.all(bySender.map((ofSender) => reserve(ofSender, dependencies)));
  const ready = new Map(reservations.flatMap(({ go }) => go).map((entry) => [entry.record, entry]));
  const returned = await runLanes([...ready.keys()], {
    async handle(record) {
      const entry = ready.get(record);
      if (!entry) throw new Error('A lane got a record that has no slot.');
      await pause(Math.max(0, entry.slot - dependencies.now()));
      return dependencies.deliver(entry.task);
    },
    remainingMs,
    leastMs: LEAST_TIME_MS,
  });
  return returnToQueue([...reservations.flatMap(({ wait }) => wait), ...returned], dependencies.hide);
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

/** Reserves slots (ms since the epoch) for all of a sender's tasks in the batch, or says how long they must wait. */
async function reserve(
  entries: Entry[],
  { senders, pacing, channel, now }: BatchDependencies,
): Promise<{ go: (Entry & { slot: number })[]; wait: Returned[] }> {
  const [first] = entries;
  const sender = first && (await senders.get(first.task.accountSid, first.task.senderSid));
  if (!sender) return { go: entries.map((entry) => ({ ...entry, slot: 0 })), wait: [] };
  const { rate } = channel(sender.channel).limits;
  const reservation = await pacing.reserve(sender.sid, entries.length, rate, now());
  if ('waitMs' in reservation) {
    return { go: [], wait: entries.map(({ record }) => ({ record, seconds: reservation.waitMs / 1_000 })) };
  }
  return { go: entries.map((entry, index) => ({ ...entry, slot: reservation.slots[index] ?? 0 })), wait: [] };
}
