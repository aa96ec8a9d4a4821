/** A small memory of looked-up values, so that a busy function does not ask for the same thing with every message. */
export class Remembered<T> {
  readonly #lifetimeMs: number;
  readonly #most: number;
  readonly #entries = new Map<string, { value: T; until: number }>();
  /** Look-ups under way: lanes that need the same thing at the same time ask for it once. */
  readonly #looking = new Map<string, Promise<T | undefined>>();

  /** @param lifetimeMs how stale a value may be  @param most how many are kept; the oldest goes first */
  constructor(lifetimeMs: number, most = 1_000) {
    this.#lifetimeMs = lifetimeMs;
    this.#most = most;
  }

  /** The remembered value, or what `look` finds. Nothing found is not remembered. */
  async get(key: string, look: () => Promise<T | undefined>): Promise<T | undefined> {
    const entry = this.#entries.get(key);
    if (entry && entry.until > Date.now()) return entry.value;
    const underWay = this.#looking.get(key);
    if (underWay) return underWay;
    const looking = this.#look(key, look).finally(() => {
      if (this.#looking.get(key) === looking) this.#looking.delete(key);
    });
    this.#looking.set(key, looking);
    return looking;
  }

  async #look(key: string, look: () => Promise<T | undefined>): Promise<T | undefined> {
    const value = await look();
    this.#entries.delete(key);
    if (value !== undefined) this.set(key, value);
    return value;
  }

  set(key: string, value: T): void {
    this.#entries.set(key, { value, until: Date.now() + this.#lifetimeMs });
    if (this.#entries.size > this.#most) this.#entries.delete(this.#entries.keys().next().value ?? key);
  }

  /** The next one who asks looks again, even if a look-up is under way: it may be bringing what is to be forgotten. */
  forget(key: string): void {
    this.#looking.delete(key);
    this.#entries.delete(key);
  }
}
