import { AsyncLocalStorage } from 'node:async_hooks';
import { type CrashHooks, HOOKS } from '../../support/crash-points.ts';

/** Where to die: before or after an await (`outbound/claim.ts:18 after`), when a run passes it for the `pass`th time. */
export interface Crash {
  place: string;
  pass: number;
}

/** What the invocations of one run passed, and where they are to die, in this order. */
export class Passage {
  /** How often each place was passed. */
  readonly passed = new Map<string, number>();
  readonly #crashes: Crash[];

  constructor(crashes: readonly Crash[] = []) {
    this.#crashes = [...crashes];
  }

  /** Those that have not come to pass. */
  get open(): readonly Crash[] {
    return this.#crashes;
  }

  /** Counts a place. @returns whether whoever passes it is to die there */
  isFatal(place: string): boolean {
    const pass = (this.passed.get(place) ?? 0) + 1;
    this.passed.set(place, pass);
    const [next] = this.#crashes;
    if (next?.place !== place || pass < next.pass) return false;
    this.#crashes.shift();
    return true;
  }
}

interface Invocation {
  passage: Passage;
  isDead: boolean;
  die(): void;
}

const never = new Promise<never>(() => {});
const running = new AsyncLocalStorage<Invocation>();
const listed = new Map<string, string>();

/**
 * Runs one invocation of a function. If it dies nothing of it goes on: whatever it waits for never comes.
 * @returns what the work comes to, or `dead`
 */
export async function invoke<T>(passage: Passage, work: () => Promise<T>): Promise<T | 'dead'> {
  const death = Promise.withResolvers<'dead'>();
  const invocation: Invocation = {
    passage,
    isDead: false,
    die() {
      invocation.isDead = true;
      death.resolve('dead');
    },
  };
  return await Promise.race([running.run(invocation, work), death.promise]);
}

async function pass(place: string): Promise<void> {
  const invocation = running.getStore();
  if (!invocation) return;
  if (!invocation.isDead && invocation.passage.isFatal(place)) invocation.die();
  if (invocation.isDead) await never;
}

const hooks: CrashHooks = {
  list(points) {
    for (const [point, code] of Object.entries(points)) listed.set(point, code);
  },
  before: (point) => pass(`${point} before`),
  async after<T>(point: string, awaited: T): Promise<Awaited<T>> {
    try {
      return await awaited;
    } finally {
      await pass(`${point} after`);
    }
  },
  async *each(point, values) {
    await pass(`${point} before`);
    for await (const value of values) {
      await pass(`${point} after`);
      yield value;
    }
  },
};

/** Lets changed modules that are loaded from now on die where they are told to. */
export function watchCrashPoints(): void {
  Object.assign(globalThis, { [HOOKS]: hooks });
}

/** Every await in the modules that have been loaded, by its point, with what its line says. */
export const knownPoints = (): ReadonlyMap<string, string> => listed;
