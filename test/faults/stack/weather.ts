import { setTimeout as delay } from 'node:timers/promises';
import type { Chance } from './random.ts';

/** Does something again and again, at random moments, until the work is over; then returns what the work came to. */
export async function meanwhile<T>(
  chance: Chance,
  { fromMs, toMs }: { fromMs: number; toMs: number },
  work: Promise<T>,
  trouble: () => unknown,
): Promise<T> {
  const over = new AbortController();
  const making = (async () => {
    while (!over.signal.aborted) {
      await delay(chance.between(fromMs, toMs), undefined, { signal: over.signal }).catch(() => undefined);
      if (!over.signal.aborted) await trouble();
    }
  })();
  try {
    return await work;
  } finally {
    over.abort();
    await making;
  }
}
