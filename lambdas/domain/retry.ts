/** Seconds to wait before attempt `attempt + 1`: exponential from two seconds to fifteen minutes, with full jitter. */
export function backoffSeconds(attempt: number, random: () => number = Math.random): number {
  const ceiling = Math.min(900, 2 ** Math.min(attempt, 20));
  return Math.max(1, Math.round(random() * ceiling));
}
