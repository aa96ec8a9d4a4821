/** Node fires a timer at once when its delay exceeds a signed 32-bit integer, so longer waits are taken in steps. */
const LONGEST_WAIT = 2 ** 31 - 1;

export interface Timer {
  cancel(): void;
}

interface Entry {
  due: number;
  run: () => void | Promise<void>;
}

/**
 * The one source of time of a simulator: real time plus an offset. Everything that waits (statuses, webhook retries,
 * token expiry, rate buckets) asks this clock, so that a test moves a day in a moment. Times are milliseconds since 1970.
 */
export class Clock {
  #offset = 0;
  /** Set while time stands still: frozen by a test, or held at one instant during an advance. */
  #heldAt: number | undefined;
  #frozen = false;
  #advancing = 0;
  #stopped = false;
  #timers: Entry[] = [];
  #wake: NodeJS.Timeout | undefined;
  readonly #work = new Set<Promise<unknown>>();
  #advances: Promise<void> = Promise.resolve();

  now(): number {
    return this.#heldAt ?? Date.now() + this.#offset;
  }

  /** The current time in whole seconds, as messages and statuses carry it. */
  seconds(): number {
    return Math.floor(this.now() / 1000);
  }

  /** Runs `run` in `delayMs`. Timers of the same instant run in the order in which they were scheduled. */
  schedule(delayMs: number, run: () => void | Promise<void>): Timer {
    const entry: Entry = { due: this.now() + Math.max(0, delayMs), run };
    if (!this.#stopped) {
      let at = this.#timers.length;
      while (at > 0 && (this.#timers[at - 1]?.due ?? 0) > entry.due) at -= 1;
      this.#timers.splice(at, 0, entry);
      if (at === 0) this.#arm();
    }
    return {
      cancel: () => {
        this.#timers = this.#timers.filter((other) => other !== entry);
      },
    };
  }

  sleep(delayMs: number): Promise<void> {
    return new Promise((resolve) => {
      this.schedule(delayMs, resolve);
    });
  }

  /** Registers work (a webhook on its way) that must be over before an advance moves time on. */
  track(work: Promise<unknown>): void {
    this.#work.add(work);
    // A rejection is a mistake in this simulator: left unhandled so that it is seen.
    void work.finally(() => this.#work.delete(work));
  }

  /** Moves time on by `milliseconds`, firing what becomes due in order, each at its own instant. */
  advance(milliseconds: number): Promise<void> {
    // One after the other: two overlapping advances add up.
    this.#advancing += 1;
    this.#advances = this.#advances.then(() => this.#advanceTo(this.now() + milliseconds));
    return this.#advances;
  }

  /** Stops time until `resume`; `advance` still moves it. */
  freeze(): void {
    this.#heldAt = this.now();
    this.#frozen = true;
    clearTimeout(this.#wake);
  }

  resume(): void {
    this.#frozen = false;
    if (this.#advancing === 0) this.#release();
  }

  get frozen(): boolean {
    return this.#frozen;
  }

  /** Drops every timer; nothing runs any more. */
  stop(): void {
    this.#stopped = true;
    this.#timers = [];
    clearTimeout(this.#wake);
  }

  async #advanceTo(target: number): Promise<void> {
    clearTimeout(this.#wake);
    let instant = this.now();
    this.#heldAt = instant;
    await this.#settle();
    for (let next = this.#timers[0]; next !== undefined && next.due <= target; next = this.#timers[0]) {
      instant = Math.max(instant, next.due);
      this.#heldAt = instant;
      this.#fireDue(instant);
      // What a webhook's failure schedules belongs to this instant, so its answer is awaited before time moves.
      await this.#settle();
    }
    this.#heldAt = Math.max(instant, target);
    this.#advancing -= 1;
    if (!this.#frozen && this.#advancing === 0) this.#release();
  }

  #release(): void {
    if (this.#heldAt === undefined) return;
    this.#offset = this.#heldAt - Date.now();
    this.#heldAt = undefined;
    this.#arm();
  }

  async #settle(): Promise<void> {
    while (this.#work.size > 0) await Promise.allSettled([...this.#work]);
  }

  #fireDue(until: number): void {
    for (let next = this.#timers[0]; next !== undefined && next.due <= until; next = this.#timers[0]) {
      this.#timers.shift();
      const work = next.run();
      if (work instanceof Promise) this.track(work);
    }
  }

  #arm(): void {
    clearTimeout(this.#wake);
    const next = this.#timers[0];
    if (next === undefined || this.#heldAt !== undefined) return;
    const wait = Math.min(Math.max(0, next.due - this.now()), LONGEST_WAIT);
    this.#wake = setTimeout(() => {
      this.#fireDue(this.now());
      this.#arm();
    }, wait);
  }
}
