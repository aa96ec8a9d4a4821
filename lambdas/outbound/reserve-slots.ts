import type { SQSRecord } from 'aws-lambda';
import type { Channel } from '../channels/types.ts';
import { intervalOf, type Rate, toleranceOf } from '../domain/pacing.ts';
import { rateOf } from '../domain/rate.ts';
import type { OutboundTask } from '../domain/tasks.ts';
import type { Clock } from '../platform/clock.ts';
import type { Returned } from '../platform/fifo-batch.ts';
import type { BacklogOwner } from '../platform/stores/backlogs.ts';
import { HORIZON_MS, type PacingStore } from '../platform/stores/pacing.ts';
import type { SenderStore } from '../platform/stores/senders.ts';
import type { ReturnTimes } from './return-times.ts';

export interface SlotDependencies {
  senders: Pick<SenderStore, 'get'>;
  pacing: Pick<PacingStore, 'reserve'>;
  channel(name: string): Pick<Channel, 'limits'>;
  /** How long a sender's provider is known to be down, in ms: no slots are taken for what cannot be sent. */
  downFor(senderSid: string): number;
  returns: ReturnTimes;
  now: Clock;
}

/** A task as it came from the queue. */
export interface Entry {
  record: SQSRecord;
  task: OutboundTask;
}

/** What becomes of one sender's tasks. `slot` is when a task may be sent, ms since the epoch. */
export interface Slots {
  go: (Entry & { slot: number })[];
  wait: Returned[];
  /** Set where it is time to release some of the sender's backlog. */
  release?: { owner: BacklogOwner; rate: Rate };
}

/** Reserves sending slots for one sender's tasks: one write for its replies, which go first, and one for its campaigns. */
export async function reserveSlots(entries: readonly Entry[], dependencies: SlotDependencies): Promise<Slots> {
  const { senders, channel } = dependencies;
  const [first] = entries;
  const sender = first && (await senders.get(first.task.accountSid, first.task.senderSid));
  // What has no sender fails, and that takes no slot.
  if (!sender) return { go: entries.map((entry) => ({ ...entry, slot: 0 })), wait: [] };
  const rate = rateOf(sender, channel(sender.channel));
  const { accountSid, sid: senderSid } = sender;

  const downMs = dependencies.downFor(senderSid);
  if (downMs > 0) return waitForProvider(entries, `${senderSid}/down`, rate, downMs, dependencies);

  const slots: Slots = { go: [], wait: [] };
  let left = entries;
  for (const kind of ['reply', 'campaign'] as const) {
    const ofClass = kind === 'reply' ? repliesIn(left) : left;
    const asking = ofClass.slice(0, mostAtOnce(rate, HORIZON_MS[kind]));
    if (asking.length === 0) continue;
    const now = dependencies.now();
    const released = asking.filter(({ task }) => task.released).length;
    const horizonMs = HORIZON_MS[kind];
    const reservation = await dependencies.pacing.reserve(senderSid, asking.length, rate, now, horizonMs, released);
    if (reservation.wantsRelease) slots.release = { owner: { accountSid, senderSid }, rate };
    const given = 'slots' in reservation ? reservation.slots : [];
    const going = new Set(asking.slice(0, given.length));
    slots.go.push(...[...going].map((entry, index) => ({ ...entry, slot: given[index] ?? now })));
    left = left.filter((entry) => !going.has(entry));
    if (going.size < ofClass.length) {
      // Where replies find no slot, campaigns find none either.
      const waitMs = 'waitMs' in reservation ? reservation.waitMs : Math.max(0, (given.at(-1) ?? now) - now);
      slots.wait = comeBack(left, `${senderSid}/${kind}`, rate, waitMs, dependencies);
      break;
    }
  }
  return slots;
}

/** What is too old to be sent need not wait to be told so, unless something that must wait stands before it. */
function waitForProvider(
  entries: readonly Entry[],
  key: string,
  rate: Rate,
  waitMs: number,
  dependencies: SlotDependencies,
): Slots {
  const now = dependencies.now();
  const waiting = new Set<string>();
  const go: Slots['go'] = [];
  for (const entry of entries) {
    const { validUntil } = entry.task;
    if (!waiting.has(groupOf(entry)) && validUntil !== undefined && validUntil <= now) go.push({ ...entry, slot: now });
    else waiting.add(groupOf(entry));
  }
  const left = entries.filter(({ record }) => !go.some((gone) => gone.record === record));
  return { go, wait: comeBack(left, key, rate, waitMs, dependencies) };
}

/** Replies, and what stands before one in its conversation: the reply cannot pass it. */
function repliesIn(entries: readonly Entry[]): Entry[] {
  const last = new Map<string, number>();
  for (const [index, entry] of entries.entries()) if (entry.task.reply) last.set(groupOf(entry), index);
  return entries.filter((entry, index) => index <= (last.get(groupOf(entry)) ?? -1));
}

/** How many slots can open within a horizon at all; for more, a function would wait where the queue can. */
function mostAtOnce(rate: Rate, horizonMs: number): number {
  return 1 + Math.floor((horizonMs + toleranceOf(rate)) / intervalOf(rate));
}

/** Those of one conversation come back together: one that is hidden longer keeps the others hidden. */
function comeBack(
  entries: readonly Entry[],
  key: string,
  rate: Rate,
  waitMs: number,
  { returns, now }: SlotDependencies,
): Returned[] {
  const lanes = Map.groupBy(entries, groupOf);
  const at = now();
  return [...lanes.values()].flatMap((lane) => {
    const ms = returns.wait(key, lane.length, { waitMs, interval: intervalOf(rate), now: at });
    return lane.map(({ record }) => ({ record, seconds: ms / 1_000 }));
  });
}

const groupOf = ({ record }: Entry): string => record.attributes.MessageGroupId ?? record.messageId;
