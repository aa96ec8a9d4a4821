/** A sender's rate limit: messages per second over time, and how many may go at once after a pause. */
export interface Rate {
  perSecond: number;
  burst: number;
}

/*
 * GCRA (the generic cell rate algorithm). A sender's whole state is one instant, the theoretical arrival time (TAT):
 * when all slots given out so far will have been paid for. A slot costs one interval; it opens when the TAT before it
 * is no further ahead than the burst allows. Times are milliseconds since the epoch.
 */

/** Milliseconds that one message costs. */
export const intervalOf = (rate: Rate): number => 1_000 / rate.perSecond;

/**
 * How far ahead of the clock the TAT may run. A tenth of the burst is kept back, and at least a quarter of a second's messages where
 * the burst has room for that: requests leave when their slots open but arrive with the network's jitter, and one that overtakes the
 * schedule would meet the provider's limit.
 */
export function toleranceOf(rate: Rate): number {
  const keptBack = Math.max(rate.burst / 10, Math.min(rate.perSecond / 4, rate.burst / 2));
  return Math.max(0, Math.floor(rate.burst - keptBack) - 1) * intervalOf(rate);
}

/** When each of `count` slots opens, given the TAT before they were reserved. */
export function slotsAfter(tat: number, count: number, rate: Rate, now: number): number[] {
  const start = Math.max(tat, now);
  return Array.from({ length: count }, (_, index) =>
    Math.max(now, start + index * intervalOf(rate) - toleranceOf(rate)),
  );
}

/** The latest TAT at which the last of `count` slots still opens within `horizonMs` from now. */
export function latestTat(count: number, rate: Rate, now: number, horizonMs: number): number {
  return now + horizonMs + toleranceOf(rate) - (count - 1) * intervalOf(rate);
}

/** The TAT that keeps every slot closed until `until`. */
export const tatToPauseUntil = (until: number, rate: Rate): number => until + toleranceOf(rate);
