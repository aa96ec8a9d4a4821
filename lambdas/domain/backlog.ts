import { intervalOf, type Rate, toleranceOf } from './pacing.ts';

/*
 * What a sender may not send yet waits in the table, not in the queue: SQS FIFO looks only at its first 120,000 messages
 * for groups that are free, so one campaign would hide everybody behind it. Times are milliseconds, since the epoch or long.
 */

/** How much of one sender the queue holds at most, in time of its rate: what it takes to keep everybody who delivers busy. */
export const LOOKAHEAD_MS = 6_000;

/** How much of one sender is accepted at most, in time of its rate; more is refused with 21611. */
export const BACKLOG_MS = 4 * 3_600_000;

/**
 * Entries younger than this stay: they are released in the order of their keys, and an earlier one may still be on its way into
 * the table. Well above what the clocks of two functions differ by; an entry whose write takes half as long is written again.
 */
export const SETTLED_MS = 3_000;

/** How long the right to release a sender's backlog is held by one function. */
export const RELEASE_LEASE_MS = 5_000;

/** Messages that one release moves at most: as many calls of ten as fit into a moment. */
export const MOST_RELEASED = 200;

/** A portion of room that is not used within this is given up, and the next one is a small one. */
export const PORTION_LIFETIME_MS = 2_000;

/** For how many messages room is taken with one write: twice as many as the time before, while messages follow each other. */
export function nextPortion(last: number | undefined, rate: Rate): number {
  return last === undefined ? 1 : Math.min(last * 2, 64, Math.ceil(rate.perSecond / 2));
}

/** A task further ahead than this is hidden until its turn, without asking for a slot. */
export const EARLY_MS = 2_000;

/** When a message may go that is counted when the clock of its sender's slots shows `clock`: so much earlier as the burst allows. */
export const turnAt = (clock: number, rate: Rate): number => Math.round(clock - toleranceOf(rate));

/** How much of a sender's backlog is in the queue. Counted, not reckoned: replies, pauses and lost slots would add up. */
export interface Released {
  /** Messages of the backlog that are in the queue and have no slot yet. */
  queued: number;
  /** When what was queued before there was a backlog will have been sent, ms since the epoch. */
  fullUntil: number;
  /** When some of the backlog was released last, ms since the epoch. */
  releasedAt: number;
}

/** How many messages of the backlog the queue has room for. */
export function roomFor(state: Released, rate: Rate, now: number, lookaheadMs = LOOKAHEAD_MS): number {
  const share = shareOf(state, rate, now, lookaheadMs);
  return Math.min(MOST_RELEASED, Math.max(0, share - queuedNow(state, now, lookaheadMs)));
}

/** Whether so much of the queue's share has been sent that it is time to release more: less would be many calls for little. */
export function isTimeToRelease(state: Released, rate: Rate, now: number, lookaheadMs = LOOKAHEAD_MS): boolean {
  const half = Math.max(1, Math.floor(lookaheadMs / 2 / intervalOf(rate)));
  return roomFor(state, rate, now, lookaheadMs) >= Math.min(MOST_RELEASED, half);
}

/** When each of `count` further messages will have its turn. @param tat when all slots given out so far are paid for */
export function turnsAfter(tat: number, state: Released, count: number, rate: Rate, now: number): number[] {
  const interval = intervalOf(rate);
  const start = Math.max(Math.max(tat, now) + queuedNow(state, now, LOOKAHEAD_MS) * interval, state.fullUntil);
  return Array.from({ length: count }, (_, index) => turnAt(start + index * interval, rate));
}

function shareOf({ fullUntil }: Released, rate: Rate, now: number, lookaheadMs: number): number {
  const share = Math.floor((lookaheadMs - Math.max(0, fullUntil - now)) / intervalOf(rate));
  // A slow sender's next message may be further away than anybody looks ahead.
  return fullUntil > now ? share : Math.max(1, share);
}

/** A task that ended without asking for a slot is counted for ever; where nothing was released for long, the count is wrong. */
function queuedNow({ queued, releasedAt }: Released, now: number, lookaheadMs: number): number {
  return releasedAt < now - 3 * lookaheadMs ? 0 : Math.max(0, queued);
}

/** How long a task is hidden before its turn comes, in ms; 0: its turn is now, or near enough to ask for a slot. */
export function earlyBy(dueAt: number | undefined, now: number): number {
  const ahead = dueAt === undefined ? 0 : dueAt - now;
  return ahead > EARLY_MS ? ahead - EARLY_MS / 2 : 0;
}
