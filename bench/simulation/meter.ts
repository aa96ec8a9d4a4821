import { Histogram } from './histogram.ts';
import { KINDS, type Kind, type Message, type Second } from './senders.ts';

/** The kinds of keys that could be written too often. */
export const HOT_KEYS = [
  'PACE#<sender>',
  'BACKLOG#<sender>',
  '<account>#<digit>',
  'ACCEPTED#<minute>#<digit>',
  'BACKLOGS#<digit>',
] as const;
export type HotKey = (typeof HOT_KEYS)[number];

/** Something counted in each second of the day. */
export class PerSecond {
  readonly #counts: Float64Array;
  #total = 0;

  constructor(seconds: number) {
    this.#counts = new Float64Array(seconds + 3_600);
  }

  add(at: number, count = 1): void {
    const second = Math.floor(at / 1_000);
    this.#counts[second] = (this.#counts[second] ?? 0) + count;
    this.#total += count;
  }

  in(second: number): number {
    return this.#counts[second] ?? 0;
  }

  get seconds(): number {
    return this.#counts.length;
  }

  get total(): number {
    return this.#total;
  }

  get greatest(): number {
    return this.#counts.reduce((greatest, count) => Math.max(greatest, count), 0);
  }
}

/** Calls of AWS that are counted where they are made. */
export interface Calls {
  receives: number;
  emptyReceives: number;
  deletes: number;
  sends: number;
  visibilityChanges: number;
  invocations: number;
  deliverMs: number;
  coldStarts: number;
  secretReads: number;
}

/** What is measured while the simulation runs. */
export class Meter {
  /** From acceptance to the request to the provider, ms. */
  readonly age: Record<Kind, Histogram> = byKind();
  /** From its turn, as told on acceptance, to the request, ms. */
  readonly late: Record<Kind, Histogram> = byKind();
  readonly receives = new Histogram();
  readonly posts: PerSecond;
  readonly sends: PerSecond;
  readonly writes: PerSecond;
  readonly reads: PerSecond;
  /** Deliver functions that run, at the end of each second. */
  readonly running: PerSecond;
  readonly calls: Calls = {
    receives: 0,
    emptyReceives: 0,
    deletes: 0,
    sends: 0,
    visibilityChanges: 0,
    invocations: 0,
    deliverMs: 0,
    coldStarts: 0,
    secretReads: 0,
  };
  readonly hottest: Record<HotKey, number> = {
    'PACE#<sender>': 0,
    'BACKLOG#<sender>': 0,
    '<account>#<digit>': 0,
    'ACCEPTED#<minute>#<digit>': 0,
    'BACKLOGS#<digit>': 0,
  };
  greatestQueue = 0;
  greatestInFlight = 0;
  /** Seconds at whose end messages could be received, and none was handed out because too many were in flight or before them. */
  starvedSeconds = 0;
  refused = 0;
  tooFast = 0;
  retries = 0;

  constructor(seconds: number) {
    this.posts = new PerSecond(seconds);
    this.sends = new PerSecond(seconds);
    this.writes = new PerSecond(seconds);
    this.reads = new PerSecond(seconds);
    this.running = new PerSecond(seconds);
  }

  /** A write of one unit to a key of which there are many like it. */
  write(at: number, key?: HotKey, last?: Second): void {
    this.writes.add(at);
    if (key === undefined || last === undefined) return;
    const second = Math.floor(at / 1_000);
    if (last.second !== second) {
      last.second = second;
      last.writes = 0;
    }
    last.writes += 1;
    if (last.writes > this.hottest[key]) this.hottest[key] = last.writes;
  }

  sent({ kind, acceptedAt, turn, receives }: Message, at: number): void {
    this.age[kind].add(at - acceptedAt);
    this.late[kind].add(Math.max(0, at - turn));
    this.receives.add(receives);
    this.sends.add(at);
  }
}

function byKind(): Record<Kind, Histogram> {
  return Object.fromEntries(KINDS.map((kind) => [kind, new Histogram()])) as Record<Kind, Histogram>;
}
