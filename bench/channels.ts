import { specNames } from '../lambdas/channels/read-yaml.ts';
import { type DeliverCpu, deliverCpu } from './channels/deliver-cpu.ts';
import { type FirstUse, firstUses } from './channels/first-use.ts';
import { fixtureOf } from './channels/fixtures.ts';
import { OPERATIONS, type Operation, pairsOf } from './channels/operations.ts';
import { type Timing, time } from './channels/timing.ts';
import { type Progress, runBenchmark } from './support/benchmark.ts';
import { table } from './support/table.ts';

/*
 * What a channel costs for being a spec: the engine beside TypeScript written by hand for that one channel, the engine's share of
 * a deliver function, and what the first use of a spec adds to a cold start.
 */

/** Engine ÷ by hand, for what nearly all messages and events are. */
const RATIO_LIMIT = 5;
const LIMITED: readonly Operation[] = ['text', 'delivered'];
/** Of a deliver function's CPU time. */
const SHARE_LIMIT = 0.1;
/** Milliseconds of a cold start. */
const FIRST_USE_LIMIT = 30;

async function run({ step, signal }: Progress): Promise<string> {
  const names = specNames();
  step('comparing what both sides give');
  const pairs = (await Promise.all(names.map(pairsOf))).flat();
  const timings = await time(pairs, (round, rounds) => {
    signal.throwIfAborted();
    step(round === 0 ? 'warming up' : `timing, round ${round} of ${rounds}`);
  });
  step('using specs for the first time, in fresh processes');
  const first = await firstUses(signal);
  step('delivering');
  const delivered = await deliverCpu(signal);

  const of = (name: string, operation: Operation): Timing => {
    const found = timings.find(({ pair }) => pair.channel === name && pair.operation === operation);
    if (!found) throw new Error(`${operation} of ${name} was not timed.`);
    return found;
  };
  const ratios = table(
    ['engine ÷ by hand', ...OPERATIONS],
    names.map((name) => [
      name,
      ...OPERATIONS.map((operation) => {
        const { insteadOfDelivered } = fixtureOf(name);
        const other = operation === 'delivered' && insteadOfDelivered ? ` (${insteadOfDelivered})` : '';
        const { ratio } = of(name, operation);
        const isOver = LIMITED.includes(operation) && ratio > RATIO_LIMIT;
        return `${ratio.toFixed(1)}${other}${isOver ? ' > 5' : ''}`;
      }),
    ]),
  );
  const times = table(
    ['µs, engine / by hand', ...OPERATIONS],
    names.map((name) => [
      name,
      ...OPERATIONS.map((operation) => {
        const { engine, byHand } = of(name, operation);
        return `${engine.toFixed(1)} / ${byHand.toFixed(1)}`;
      }),
    ]),
  );
  const shares = table(
    ['a text', 'batch', 'deliver, µs CPU', 'engine, µs', 'engine ÷ deliver'],
    names.map((name) => {
      const { batch, microseconds } = delivered.get(name) as DeliverCpu;
      const engine = of(name, 'text').engine + of(name, 'answer').engine;
      const share = engine / microseconds;
      const shown = `${(share * 100).toFixed(1)} %${share > SHARE_LIMIT ? ' > 10 %' : ''}`;
      return [name, batch, microseconds.toFixed(0), engine.toFixed(0), shown];
    }),
  );
  const cold = table(
    ['first use, ms CPU', 'deliver', 'webhook'],
    names.map((name) => {
      const { deliver, webhook } = first.get(name) as FirstUse;
      return [name, ...[deliver, webhook].map((ms) => `${ms.toFixed(1)}${ms > FIRST_USE_LIMIT ? ' > 30' : ''}`)];
    }),
  );
  return [ratios, times, shares, cold].join('\n\n');
}

await runBenchmark('channels', run);
