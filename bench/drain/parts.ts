import process from 'node:process';
import type { SQSRecord } from 'aws-lambda';
import type { Channel } from '../../lambdas/channels/types.ts';
import type { Message } from '../../lambdas/domain/message.ts';
import type { Sender } from '../../lambdas/domain/sender.ts';
import { newSid } from '../../lambdas/domain/sid.ts';
import type { OutboundTask } from '../../lambdas/domain/tasks.ts';
import { Admission } from '../../lambdas/outbound/admission.ts';
import { deliverBatch } from '../../lambdas/outbound/deliver-batch.ts';
import { placeMessage } from '../../lambdas/outbound/place-message.ts';
import { BacklogReleaser } from '../../lambdas/outbound/release-backlog.ts';
import { ReturnTimes } from '../../lambdas/outbound/return-times.ts';
import type { Handled } from '../../lambdas/platform/fifo-batch.ts';
import { BacklogStore } from '../../lambdas/platform/stores/backlogs.ts';
import { PacingStore } from '../../lambdas/platform/stores/pacing.ts';
import type { Queue } from './queue.ts';

/*
 * The gateway's own parts, on the emulated table: admission, backlog, release, pacing. Only messages and contacts, which neither paces,
 * are kept in memory.
 */

const tableName = () => process.env['TABLE_NAME'] ?? '';
const now = Date.now;

/** Accepts one message to each contact, of a campaign; what is not in the queue then is in the backlog. */
export async function accept(
  sender: Sender,
  channel: Channel,
  contacts: readonly string[],
  queue: Queue,
): Promise<{ sid: string; to: string; backlogged: boolean }[]> {
  const backlogs = new BacklogStore(tableName());
  const dependencies = {
    windows: { contact: async () => ({}), markWaiting: async () => undefined },
    admission: new Admission(backlogs, now),
    backlogs,
    activity: { note: async () => undefined },
    now,
  };
  const accepted = [];
  for (const to of contacts) {
    const sid = newSid('SM', now());
    const message = {
      sid,
      accountSid: sender.accountSid,
      senderSid: sender.sid,
      to,
      direction: 'outbound-api' as const,
    };
    const placed = await placeMessage(
      message,
      { sender, channel },
      async (attributes) => ({ ...message, ...attributes }) as Message,
      dependencies,
    );
    if (placed.task) queue.add([{ ...placed.task, deduplicationId: sid }]);
    accepted.push({ sid, to, backlogged: placed.task === undefined });
  }
  return accepted;
}

/** What moves the backlog into the queue, with a memory of its own. */
export function releaserInto(queue: Queue): BacklogReleaser {
  return new BacklogReleaser({
    backlogs: new BacklogStore(tableName()),
    enqueue: (tasks) => queue.send(tasks),
    now,
  });
}

/** One function that delivers: takes a batch, answers which of it stays in the queue. */
export function deliverer(
  sender: Sender,
  channel: Channel,
  queue: Queue,
  deliver: (task: OutboundTask) => Promise<Handled>,
): (records: SQSRecord[]) => Promise<string[]> {
  const backlogs = new BacklogStore(tableName());
  const releaser = releaserInto(queue);
  const dependencies = {
    senders: { get: async () => sender },
    pacing: new PacingStore(tableName()),
    channel: () => channel,
    returns: new ReturnTimes(),
    downFor: () => 0,
    postpone: (senderSid: string, count: number) => backlogs.postpone(senderSid, count),
    release: (owner: { accountSid: string; senderSid: string }, rate: { perSecond: number; burst: number }) =>
      releaser.release(owner, rate),
    deliver,
    bury: async () => {
      throw new Error('A task could not be read.');
    },
    hide: async (messages: { receiptHandle: string; seconds: number }[]) => queue.hide(messages),
    now,
  };
  return async (records) => {
    const failures = await deliverBatch(records, () => 60_000, dependencies);
    return failures.map(({ itemIdentifier }) => itemIdentifier);
  };
}
