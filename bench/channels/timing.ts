import { Bench } from 'tinybench';
import { percentile } from '../support/percentile.ts';
import type { Pair } from './operations.ts';

/** Runs in a sample: one takes microseconds, too little for a clock. */
const RUNS = 5;
const ROUNDS = 7;
const MILLISECONDS_A_ROUND = 20;

/** Microseconds for one run, medians; `ratio` is the median of each round's. */
export interface Timing {
  pair: Pair;
  engine: number;
  byHand: number;
  ratio: number;
}

/**
 * Times both sides of every pair in one process. All pairs have their turn in each round, so that a busy moment of the machine
 * meets both sides of a few and not one side of all; and the engine, as in a function that serves every channel, is warmed up by
 * all of them.
 */
export async function time(pairs: readonly Pair[], progress: (round: number, of: number) => void): Promise<Timing[]> {
  const rounds: { engine: number; byHand: number }[][] = pairs.map(() => []);
  // The first round only warms up.
  for (let round = 0; round <= ROUNDS; round++) {
    progress(round, ROUNDS);
    for (const [index, pair] of pairs.entries()) {
      const timed = await timeOnce(pair);
      if (round > 0) rounds[index]?.push(timed);
    }
  }
  return pairs.map((pair, index) => {
    const all = rounds[index] ?? [];
    const median = (of: (round: { engine: number; byHand: number }) => number) => percentile(all.map(of), 0.5);
    return {
      pair,
      engine: median(({ engine }) => engine),
      byHand: median(({ byHand }) => byHand),
      ratio: median(({ engine, byHand }) => engine / byHand),
    };
  });
}

async function timeOnce({ engine, byHand }: Pair): Promise<{ engine: number; byHand: number }> {
  const bench = new Bench({ time: MILLISECONDS_A_ROUND, warmupTime: 5, throws: true });
  bench.add('engine', async () => {
    for (let run = 0; run < RUNS; run++) await engine();
  });
  // Awaited too, although nothing there must be waited for: whoever calls a channel awaits it.
  bench.add('by hand', async () => {
    for (let run = 0; run < RUNS; run++) await byHand();
  });
  await bench.run();
  const [first, second] = bench.tasks.map(({ result }) => ('latency' in result ? result.latency.p50 : Number.NaN));
  return { engine: ((first ?? Number.NaN) * 1_000) / RUNS, byHand: ((second ?? Number.NaN) * 1_000) / RUNS };
}
