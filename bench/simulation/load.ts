import { MEASURED } from './aws.ts';
import type { Sender } from './senders.ts';
import type { Result } from './simulate.ts';
import { isCloud } from './webhooks.ts';

/** From sending to the two, in seconds: the second after the first one, and with this mean. */
const DELIVERED_AFTER = 2;
const READ_AFTER = 120;

/** What the whole gateway is asked for in the busiest second of the day, webhooks and callbacks included. */
export interface Load {
  requests: number;
  invocations: number;
  functions: number;
  deliverFunctions: number;
  writes: number;
  reads: number;
  /** The busiest of SQS's actions. */
  queueCalls: number;
}

/** Messages that a receive of callbacks brings: as full as those of deletions. */
export const callbackBatch = ({ meter }: Result): number => Math.max(1, meter.sends.total / meter.calls.deletes);

/** How many of the day's messages went by a channel whose statuses bring our SID back. */
export function cloudShare(senders: readonly Sender[]): number {
  const sum = (each: readonly Sender[]) => each.reduce((total, sender) => total + sender.sent, 0);
  return sum(senders.filter(isCloud)) / sum(senders);
}

export function peakOf(result: Result): Load {
  const { posts, sends, writes, reads, running } = result.meter;
  const perNotify = callbackBatch(result);
  const peak: Load = {
    requests: 0,
    invocations: 0,
    functions: 0,
    deliverFunctions: running.greatest,
    writes: 0,
    reads: 0,
    queueCalls: 0,
  };
  let unread = 0;
  for (let second = 0; second < sends.seconds; second += 1) {
    const read = unread / READ_AFTER;
    const delivered = sends.in(second - DELIVERED_AFTER);
    unread += delivered - read;
    const statuses = delivered + read;
    const notifies = statuses / perNotify;
    const requests = posts.in(second) + statuses;
    const functions =
      running.in(second) +
      (posts.in(second) * MEASURED.api + statuses * MEASURED.webhook + notifies * MEASURED.notify) / 1_000;
    raise(peak, {
      requests,
      functions,
      invocations: requests + notifies + sends.in(second) / perNotify,
      writes: writes.in(second) + statuses,
      reads: reads.in(second) + statuses,
      queueCalls: posts.in(second) + statuses,
    });
  }
  return peak;
}

function raise(peak: Load, now: Partial<Load>): void {
  for (const [name, value] of Object.entries(now) as [keyof Load, number][]) {
    peak[name] = Math.max(peak[name], value);
  }
}
