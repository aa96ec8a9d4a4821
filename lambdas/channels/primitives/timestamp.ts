/** Above this many, a count since the epoch is of milliseconds: as seconds it would be the year 5138. */
const MOST_SECONDS = 100_000_000_000;

/**
 * A provider's time as milliseconds since the epoch: digits (text or number) count seconds or milliseconds by their size; a date
 * may have a space for its `T`. Undefined for anything that is no time.
 */
export function timeOf(value: unknown): number | undefined {
  const text = typeof value === 'number' ? String(value) : value;
  if (typeof text !== 'string' || text === '') return undefined;
  if (/^\d+(\.\d+)?$/.test(text)) return inRange(Number(text) > MOST_SECONDS ? Number(text) : Number(text) * 1000);
  if (!/^\d{4}-\d{2}-\d{2}[T ]/.test(text)) return undefined;
  return inRange(Date.parse(text.replace(' ', 'T')));
}

/** The same as ISO 8601 in UTC. */
export function isoTime(value: unknown): string | undefined {
  const time = timeOf(value);
  return time === undefined ? undefined : new Date(time).toISOString();
}

function inRange(time: number): number | undefined {
  // The last instant that a Date can hold; providers have been seen to put ids where times belong.
  return Number.isFinite(time) && time <= 8.64e15 ? time : undefined;
}
