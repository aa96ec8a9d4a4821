/** A sender that asked for no slot for so long has nothing of its own waiting any more, in ms. */
const FORGOTTEN_AFTER_MS = 60_000;

/** Senders remembered before those that need not be are looked for. */
const MANY = 1_000;

/**
 * When tasks that found no slot come back to ask again. Coming all at once, nearly all of them would find none again; so those of
 * one sender that this function has seen come one after the other, at the sender's rate.
 */
export class ReturnTimes {
  readonly #random: () => number;
  /** By sender and kind of message, when the next one comes, ms since the epoch. */
  readonly #next = new Map<string, number>();

  constructor(random: () => number = Math.random) {
    this.#random = random;
  }

  /**
   * How long `count` tasks of one conversation wait, in ms.
   * @param key of what waits for the same slots  @param waitMs when the first slot may be free  @param interval ms between slots
   */
  wait(
    key: string,
    count: number,
    { waitMs, interval, now }: { waitMs: number; interval: number; now: number },
  ): number {
    const at = Math.max(now + waitMs, this.#next.get(key) ?? 0);
    this.#next.set(key, at + count * interval);
    if (this.#next.size > MANY) this.#forget(now);
    // Other functions count from the same instant.
    return at - now + this.#random() * interval;
  }

  #forget(now: number): void {
    for (const [key, at] of this.#next) if (at < now - FORGOTTEN_AFTER_MS) this.#next.delete(key);
  }
}
