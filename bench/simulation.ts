import { writeFileSync } from 'node:fs';
import { totalOf } from './simulation/cost.ts';
import { type Chart, plot } from './simulation/plot.ts';
import { reportDays, reportRush } from './simulation/report.ts';
import type { Kind } from './simulation/senders.ts';
import { type Result, type Scenario, simulate } from './simulation/simulate.ts';
import { type Progress, runBenchmark } from './support/benchmark.ts';

/*
 * A day of up to 10,000 senders, in virtual time: the gateway's own rules of pacing, admission and release over models of SQS, Lambda,
 * DynamoDB and the providers. Then the worst that could happen to it: 200 senders that all begin a campaign in the same second.
 * Writes docs/simulation.svg. Every run gives the same figures.
 */

const HOUR = 3_600_000;
const SIZES = [10, 100, 1_000, 3_000, 10_000] as const;

/** Deliveries at once: what the gateway is deployed with, and what a busy one would raise it to. */
const USUAL_CONCURRENCY = 300;
const RAISED_CONCURRENCY = 1_000;

const RUSH = { senders: 200, start: 10 * HOUR + 1_000, minutes: 3, rates: [{ perSecond: 20, burst: 60 }] } as const;

async function run({ step, signal }: Progress): Promise<string> {
  const play = async (scenario: Scenario): Promise<Result> => {
    const what = scenario.rush ? `${scenario.rush.senders} campaigns at once` : 'a day';
    step(`${what}, ${scenario.senders} senders, up to ${scenario.maxConcurrency} deliveries at once`);
    return simulate(scenario, signal);
  };
  const days: Result[] = [];
  for (const senders of SIZES) {
    days.push(await play({ senders, from: 0, to: 24 * HOUR, maxConcurrency: USUAL_CONCURRENCY }));
  }
  const rushes: Result[] = [];
  for (const maxConcurrency of [USUAL_CONCURRENCY, RAISED_CONCURRENCY]) {
    const times = { from: 10 * HOUR, to: 10.15 * HOUR };
    rushes.push(await play({ senders: 1_000, ...times, maxConcurrency, rush: RUSH }));
  }
  const file = new URL('../docs/simulation.svg', import.meta.url);
  writeFileSync(file, draw(days));
  step('docs/simulation.svg is written');
  return [reportDays(days), reportRush(rushes)].join('\n\n');
}

function draw(days: readonly Result[]): string {
  const x = (result: Result) => result.scenario.senders;
  const age = (kind: Kind, share: number) =>
    days.map((result) => ({ x: x(result), y: result.meter.age[kind].percentile(share) / 1_000 }));
  const common = { xLabel: 'senders', xTicks: [10, 100, 1_000, 10_000] };
  const ages: Chart = {
    ...common,
    title: 'From acceptance to sending',
    yLabel: 'seconds',
    yTicks: [0.01, 0.1, 1, 10],
    isLogarithmic: true,
    series: [
      { label: 'ordinary, p50', colour: 'a', points: age('small', 0.5) },
      { label: 'ordinary, p99', colour: 'a', dashed: true, points: age('small', 0.99) },
      { label: 'beside a campaign, p50', colour: 'b', points: age('rival', 0.5) },
      { label: 'beside a campaign, p99', colour: 'b', dashed: true, points: age('rival', 0.99) },
    ],
  };
  const costs = days.map((result) => ({ x: x(result), y: totalOf(result) }));
  const most = Math.ceil(Math.max(...costs.map(({ y }) => y)) / 5) * 5;
  const cost: Chart = {
    ...common,
    title: 'AWS list price of a million messages',
    yLabel: 'dollars',
    yTicks: Array.from({ length: most / 5 + 1 }, (_, index) => index * 5),
    isLogarithmic: false,
    series: [{ label: 'from POST to read, with two callbacks', colour: 'c', points: costs }],
  };
  return plot([ages, cost], 'Queue age and cost against the number of senders, simulated');
}

await runBenchmark('simulation', run);
