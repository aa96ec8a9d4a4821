import { setImmediate as immediate } from 'node:timers/promises';

interface Entry {
  handler: (argument: never) => void;
  argument: unknown;
  next: Entry | undefined;
  /** Where it is far ahead: when, in whole ms. */
  at: number;
}

/** Near times have a slot per millisecond; farther ones wait, unsorted, for their turn of the wheel (65.5 s). */
const SLOTS = 65_536;

/** What happens when, in virtual milliseconds. Adding and taking cost the same however much is planned. */
export class Agenda {
  #now = 0;
  /** The first millisecond of the present turn of the wheel. */
  #turn = 0;
  readonly #first: (Entry | undefined)[] = new Array<Entry | undefined>(SLOTS).fill(undefined);
  readonly #last: (Entry | undefined)[] = new Array<Entry | undefined>(SLOTS).fill(undefined);
  readonly #far = new Map<number, Entry>();
  #spare: Entry | undefined;
  /** Work that was begun and is neither done nor asleep. */
  #busy = 0;
  #error: unknown;

  /** The present, in ms. */
  get now(): number {
    return this.#now;
  }

  /** Plans `handler(argument)` for the first whole millisecond at or after `at`, but not before the present one. What is planned for the same one happens in the order of planning. */
  plan<T>(at: number, handler: (argument: T) => void, argument: T): void {
    const entry = this.#take(handler as (argument: never) => void, argument, Math.max(this.#now, Math.ceil(at)));
    const turn = Math.floor(entry.at / SLOTS) * SLOTS;
    if (turn === this.#turn) this.#append(entry);
    else {
      entry.next = this.#far.get(turn);
      this.#far.set(turn, entry);
    }
  }

  /** Begins asynchronous work. Time stands still while it goes on, but for when it sleeps. */
  begin(work: Promise<void>): void {
    this.#busy += 1;
    work.then(
      () => {
        this.#busy -= 1;
      },
      (error: unknown) => {
        this.#busy -= 1;
        this.#error ??= error;
      },
    );
  }

  /** Lets work that was begun wait for `ms` of virtual time. Work that waits for several such times at once would stop the clock. */
  sleep(ms: number): Promise<void> {
    this.#busy -= 1;
    return new Promise((resolve) => this.plan(this.#now + ms, this.#wake, resolve));
  }

  readonly #wake = (resolve: () => void): void => {
    this.#busy += 1;
    resolve();
  };

  /** Lets time pass until `end`. @throws what work that was begun has thrown, or the signal's reason */
  async run(end: number, signal?: AbortSignal): Promise<void> {
    for (; this.#now < end; this.#advance()) {
      const slot = this.#now - this.#turn;
      // Once a turn everybody else in this process has a moment: the signals that would end it, for one.
      if (slot === 0) await immediate();
      signal?.throwIfAborted();
      while (this.#first[slot]) {
        for (let entry: Entry | undefined = this.#first[slot]; entry; entry = this.#first[slot]) {
          const { handler, argument, next }: Entry = entry;
          this.#first[slot] = next;
          entry.argument = undefined;
          entry.next = this.#spare;
          this.#spare = entry;
          handler(argument as never);
        }
        while (this.#busy > 0) await undefined;
        if (this.#error !== undefined) throw this.#error;
      }
    }
  }

  #advance(): void {
    this.#now += 1;
    if (this.#now < this.#turn + SLOTS) return;
    this.#turn = this.#now;
    const farthest = this.#far.get(this.#turn);
    this.#far.delete(this.#turn);
    for (const entry of inOrder(farthest)) this.#append(entry);
  }

  #append(entry: Entry): void {
    const slot = entry.at - this.#turn;
    entry.next = undefined;
    const last = this.#first[slot] ? this.#last[slot] : undefined;
    if (last) last.next = entry;
    else this.#first[slot] = entry;
    this.#last[slot] = entry;
  }

  #take(handler: Entry['handler'], argument: unknown, at: number): Entry {
    const entry = this.#spare;
    if (!entry) return { handler, argument, next: undefined, at };
    this.#spare = entry.next;
    entry.handler = handler;
    entry.argument = argument;
    entry.at = at;
    entry.next = undefined;
    return entry;
  }
}

/** Far entries were put in front of each other: the order of planning is the other way round. */
function inOrder(last: Entry | undefined): Entry[] {
  const entries: Entry[] = [];
  for (let entry = last; entry; entry = entry.next) entries.push(entry);
  return entries.reverse();
}
