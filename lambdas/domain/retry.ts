/** Seconds to wait before attempt `attempt + 1`: exponential from two seconds to fifteen minutes, with full jitter. */
export function backoffSeconds(attempt: number, random: () => number = Math.random): number {
  const ceiling = Math.min(900, 2 ** Math.min(attempt, 20));
  return Math.max(1, Math.round(random() * ceiling));
}

/** The longest wait for a contact that was sent too much, in seconds. */
const LONGEST_FOR_CONTACT = 900;

/**
 * Seconds to wait after a provider has said for the `times`th time in a row (from 0) that a contact was sent too much: each time
 * four times as long, since asking again too early makes the limit last longer.
 */
export function contactLimitSeconds(times: number, retryAfter = 0): number {
  return Math.max(retryAfter, Math.min(LONGEST_FOR_CONTACT, 4 ** Math.min(times, 20)));
}
