/** When something of limited life ends, ISO 8601 UTC. */
interface Expiring {
  expiresAt: string;
}

/**
 * A token that lives for less is kept in memory only: it would have to be stored more often than Secrets Manager takes a
 * new version (every ten minutes), and any function that needs one gets its own. Milliseconds.
 */
const LEAST_STORED_LIFE_MS = 30 * 60_000;

/**
 * For how long whoever renews a session has it to itself, in ms: longer than a login at its slowest, with what is read and written
 * around it.
 */
export const RENEWAL_LEASE_MS = 30_000;

/** From this margin on, renewals of tokens that were obtained together are spread out. Milliseconds. */
const SPREAD_FROM_MS = 3_600_000;

/** How much earlier than at the spec's margin a token may be renewed, as a share of that margin. */
const SPREAD = 0.25;

/** A run of failures is tried again after one minute at first, then twice as long each time, up to this. Milliseconds. */
const LONGEST_RETRY_MS = 15 * 60_000;

/** Or up to this share of the margin, where that is longer: a token dead for a week is not asked for every quarter of an hour. */
const RETRY_SHARE = 0.005;

/** Whether a session is kept in Secrets Manager and renewed ahead of time, rather than obtained by whoever needs it. */
export const isStored = ({ expiresAt }: Expiring, obtainedAt: number): boolean =>
  Date.parse(expiresAt) - obtainedAt >= LEAST_STORED_LIFE_MS;

export const hasExpired = ({ expiresAt }: Expiring, now: number): boolean => Date.parse(expiresAt) <= now;

/** Whether it is so near its end that it should have been renewed. */
export const isDue = ({ expiresAt }: Expiring, renewBeforeSeconds: number, now: number): boolean =>
  Date.parse(expiresAt) - renewBeforeSeconds * 1_000 <= now;

/**
 * When a session is to be renewed, ms since the epoch: at its margin before expiry or, where the margin is hours, somewhat
 * earlier by chance, so that a thousand numbers registered in one hour do not log in again in one hour.
 */
export function renewalDue(
  { expiresAt }: Expiring,
  renewBeforeSeconds: number,
  now: number,
  random: () => number = Math.random,
): number {
  const margin = renewBeforeSeconds * 1_000;
  const spread = margin >= SPREAD_FROM_MS ? random() * SPREAD * margin : 0;
  // A provider may answer the same token again while it is good; not more often than once a minute.
  return Math.round(Math.max(Date.parse(expiresAt) - margin - spread, now + 60_000));
}

/** When a renewal that failed is tried again, ms since the epoch. */
export function renewalRetry(
  failures: number,
  renewBeforeSeconds: number,
  now: number,
  random: () => number = Math.random,
): number {
  const longest = Math.max(LONGEST_RETRY_MS, renewBeforeSeconds * 1_000 * RETRY_SHARE);
  const ceiling = Math.min(longest, 60_000 * 2 ** Math.min(failures, 10));
  return now + Math.round(ceiling * (0.5 + random() / 2));
}

/** Whether so much of the margin is used up that a person should look; the other half is theirs to act in. */
export const isAtRisk = ({ expiresAt }: Expiring, renewBeforeSeconds: number, now: number): boolean =>
  Date.parse(expiresAt) - now < (renewBeforeSeconds * 1_000) / 2;
