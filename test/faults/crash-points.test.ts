import { globSync } from 'node:fs';
import process from 'node:process';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { type Account, checkAccount, tableOf, total } from './account.ts';
import { type Crash, knownPoints, watchCrashPoints } from './crash/invocations.ts';
import { SCENARIOS, type Scenario, UNREACHED } from './crash/scenarios.ts';
import { type Run, startWorld } from './crash/world.ts';

/*
 * Deliver dies at every await, before and after it, and is run again: no message may be lost, none sent twice but where nobody could
 * know, and none may overtake another. The awaits are found in the code; a place that no scenario passes is a failure.
 */

// Waiting for a slot takes no time, only the clock knows of it.
vi.mock('../../lambdas/platform/clock.ts', async (original) => {
  const { passTime } = await import('./crash/clock.ts');
  return { ...(await original<object>()), pause: async (ms: number) => passTime(ms) };
});
// Channels hold nothing that a crash could lose, and are slow to compile; with them stay the classes of what they throw.
vi.mock('../../lambdas/channels/types.ts', async (original) => ({ ...(await original<object>()) }));
vi.mock('../../lambdas/channels/http/request.ts', async (original) => ({ ...(await original<object>()) }));
vi.mock('../../lambdas/channels/load.ts', async (original) => ({ ...(await original<object>()) }));

/** `npm run test:faults` tries each place, some in several scenarios; `npm test` one place in `STRIDE`, in a few scenarios. */
const STRIDE = 6;
const isThorough = process.env['EVERY_FAULT'] === 'true';
/** What a run passes depends on chance too: a crash that did not come to pass is tried so often. */
const TRIES = 4;
/** How many crashes follow each other where a place is passed only because of the ones before. */
const DEEPEST = 2;

watchCrashPoints();
/** Places that were tried, or left out. */
const left = new Set<string>();
const died = new Set<string>();
const rows: [string, Account][] = [];
let world: Awaited<ReturnType<typeof startWorld>>;

beforeAll(async () => {
  world = await startWorld();
});
afterAll(async () => {
  await world.stop();
  const accounts = rows.map(([, account]) => account);
  const title = `${died.size} places to die in ${knownPoints().size} awaits`;
  console.log(`${title}\n${tableOf([...rows, ['all', total(accounts)]])}`);
});

async function checked(scenario: Scenario, crashes: readonly Crash[]): Promise<Run> {
  const run = await world.run(scenario, crashes);
  const names = crashes.map(({ place }) => place).join(', then ');
  checkAccount(`${scenario.name}${names && `, dying ${names}`}`, run.account);
  if (run.open.length === 0) for (const { place } of crashes) died.add(place);
  return run;
}

/** The crashes to try: one for each place, after those without which it is not passed. */
class Plans {
  readonly #waiting: (readonly Crash[])[] = [];
  readonly #everyPlace: boolean;
  readonly #known = new Set<string>();
  #count = 0;

  constructor({ everyPlace = false }: Scenario) {
    this.#everyPlace = everyPlace;
  }

  /** Adds the places that a run passed, and that are new. */
  add(run: Run, before: readonly Crash[]): void {
    for (const place of run.passed.keys()) {
      if (this.#known.has(place) || before.length >= DEEPEST) continue;
      this.#known.add(place);
      const isChosen = isThorough ? this.#everyPlace || !died.has(place) : this.#isInStride(place);
      left.add(place);
      if (isChosen) this.#waiting.push([...before, { place, pass: 1 }]);
    }
  }

  next(): readonly Crash[] | undefined {
    return this.#waiting.shift();
  }

  #isInStride(place: string): boolean {
    if (left.has(place)) return false;
    this.#count += 1;
    return this.#count % STRIDE === 1;
  }
}

describe('a function that dies anywhere', () => {
  it.each(SCENARIOS.filter(({ inShort }) => isThorough || inShort))('loses nothing: $name', async (scenario) => {
    const plans = new Plans(scenario);
    const accounts: Account[] = [];
    try {
      let crashes: readonly Crash[] | undefined = [];
      while (crashes) {
        for (let tries = 0; tries < TRIES; tries += 1) {
          const run = await checked(scenario, crashes);
          accounts.push(run.account);
          plans.add(run, crashes);
          if (run.open.length === 0) break;
        }
        crashes = plans.next();
      }
    } finally {
      rows.push([scenario.name, total(accounts)]);
    }
  });

  it.runIf(isThorough)('died at every await of lambdas/outbound, before and after it', async () => {
    for (const file of globSync('lambdas/outbound/**/*.ts')) await import(/* @vite-ignore */ `../../${file}`);
    const places = [...knownPoints()]
      .filter(([, code]) => !UNREACHED.some((known) => code.includes(known.code)))
      .flatMap(([point, code]) => [`${point} before`, `${point} after`].map((place) => ({ place, code })));
    expect(places.length).toBeGreaterThan(50);
    expect(places.filter(({ place }) => !died.has(place))).toEqual([]);
  });
});
