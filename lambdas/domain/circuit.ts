/*
 * A circuit breaker per host, shared by all functions. Closed: requests go out. Failures in a row open it: for a while
 * none goes out. When that time is over it is half open: one request, the probe, shows whether the host is back.
 * Times are milliseconds, instants milliseconds since the epoch.
 */

/** What is known of a host. Nothing known: it is well. */
export interface Circuit {
  /** Not to be tried before; undefined while the circuit is closed. */
  openUntil?: number;
  /** How often in a row it was opened. */
  opens?: number;
  /** Somebody is trying it and says before this instant how it went. */
  probeUntil?: number;
  /** How long its answers take on average, when that is too long. */
  averageMs?: number;
  /** Until when that is taken to be so. */
  averageUntil?: number;
}

/** Whether a host may be tried: always, not for `waitMs`, or by the one who takes the probe. */
export type Phase = { kind: 'closed' } | { kind: 'waiting'; waitMs: number } | { kind: 'due' };

/** How long the one that tries a host has to say how it went. Without a word (it crashed) another may try. */
export const PROBE_MS = 15_000;

/** Failures in a row that open a circuit. */
const FAILURES_TO_OPEN = 10;

/** A failure counts once more for each of these that it took: waiting for a host that hangs is what costs. */
const COSTLY_MS = 5_000;

const FIRST_OPEN_MS = 5_000;
const LONGEST_OPEN_MS = 60_000;

/** While another has the probe: how long until it is worth asking again. */
const PROBED_MS = 5_000;

export function phaseOf({ openUntil, probeUntil = 0 }: Circuit, now: number): Phase {
  if (openUntil === undefined) return { kind: 'closed' };
  if (now < openUntil) return { kind: 'waiting', waitMs: openUntil - now };
  if (now < probeUntil) return { kind: 'waiting', waitMs: Math.min(PROBED_MS, probeUntil - now) };
  return { kind: 'due' };
}

/** How much a failure counts. Refused connections count 1 each, a request that hung for 15 seconds counts 4. */
export const weightOf = (tookMs: number): number => 1 + tookMs / COSTLY_MS;

/** @param failures their weights, added up, since the last success */
export const isEnoughToOpen = (failures: number): boolean => failures >= FAILURES_TO_OPEN;

/** How long a circuit is open that was opened `opens` times in a row, this one included: doubling, and up to a quarter less. */
export function openMs(opens: number, random: () => number = Math.random): number {
  const longest = Math.min(LONGEST_OPEN_MS, FIRST_OPEN_MS * 2 ** Math.min(opens - 1, 20));
  return Math.round(longest * (0.75 + 0.25 * random()));
}

/** How long answers took, the last ones counting most: an exponentially weighted sum and its weights. */
export interface Durations {
  total: number;
  weight: number;
  /** When the last of them came. */
  at: number;
}

/** A host whose answers take longer than this on average is slow. */
const SLOW_MS = 1_000;

/** How long a host is taken to be slow after it was found so. */
export const SLOW_FOR_MS = 2 * 60_000;

/** What an older answer counts against the one after it; the weights add up to 5. */
const DECAY = 0.8;

/** @param before undefined, or those up to now; long past ones say nothing any more */
export function withDuration(before: Durations | undefined, tookMs: number, now: number): Durations {
  if (!before || now - before.at > SLOW_FOR_MS) return { total: tookMs, weight: 1, at: now };
  return { total: before.total * DECAY + tookMs, weight: before.weight * DECAY + 1, at: now };
}

/**
 * The average of a slow host; undefined when it is not slow. With few answers yet the missing ones are taken to be quick:
 * one of six seconds makes a host slow, one of two (a cold start, say) does not.
 */
export function slowAverage({ total, weight }: Durations): number | undefined {
  return total * (1 - DECAY) > SLOW_MS ? Math.round(total / weight) : undefined;
}

/** Whether others need to hear of an average: they know none, it is soon forgotten, or it has become much worse. */
export function isNews({ averageMs = 0, averageUntil = 0 }: Circuit, average: number, now: number): boolean {
  return averageUntil - now < SLOW_FOR_MS / 2 || average > averageMs * 1.5;
}
