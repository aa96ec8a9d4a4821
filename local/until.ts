import { setTimeout as delay } from 'node:timers/promises';
import { StartError } from './listen.ts';

const POLL_MILLISECONDS = 100;

/**
 * Looks again and again until there is something to see.
 * @param what the thing, for the sentence when it does not come
 * @param patience in ms
 * @throws StartError when it does not come in time, or the signal's reason
 */
export async function until<Found>(
  signal: AbortSignal,
  what: string,
  patience: number,
  look: () => Promise<Found | undefined>,
): Promise<Found> {
  const deadline = Date.now() + patience;
  while (Date.now() < deadline) {
    const found = await look();
    if (found !== undefined) return found;
    await delay(POLL_MILLISECONDS, undefined, { signal });
  }
  throw new StartError(`Waited ${patience / 1000} s for ${what} in vain.`);
}
