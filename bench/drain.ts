import { fork } from 'node:child_process';
import { once } from 'node:events';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { intervalOf, type Rate, toleranceOf } from '../lambdas/domain/pacing.ts';
import type { Backend } from './api-calls/backend.child.ts';
import { type DrainResult, drain } from './drain/drain.ts';
import { type Progress, runBenchmark } from './support/benchmark.ts';
import { table } from './support/table.ts';

/*
 * A campaign of one sender, accepted at once and drained as fast as its provider allows. How much of the rate is used counts from
 * when the burst is spent to the last message: before that more than the rate is allowed, which would only flatter. It is spent
 * when the provider would accept no more than the part of it that the gateway keeps back, and a message.
 */

const MESSAGES = 2_000;
/** Concurrent functions that deliver. */
const WORKERS = 8;

const RATES: readonly (Rate & { what: string })[] = [
  { what: 'a device', perSecond: 20, burst: 60 },
  { what: 'a Cloud number', perSecond: 80, burst: 80 },
  { what: 'a device with 32 shards', perSecond: 250, burst: 750 },
];

async function run({ step, signal }: Progress): Promise<string> {
  step('starting an emulated table in another process');
  const child = fork(fileURLToPath(new URL('./api-calls/backend.child.ts', import.meta.url)), { signal });
  const ended = once(child, 'exit');
  try {
    const [backend] = (await once(child, 'message', { signal })) as [Backend];
    Object.assign(process.env, backend.environment);
    const rows = [];
    for (const { what, ...rate } of RATES) {
      step(`${MESSAGES} messages at ${rate.perSecond} a second, burst ${rate.burst}`);
      const onProgress = (left: number) => step(`  ${left} left`);
      const result = await drain(MESSAGES, rate, WORKERS, { signal, onProgress });
      rows.push([what, `${rate.perSecond}/s, burst ${rate.burst}`, ...columns(result, rate)]);
    }
    return table(
      [
        'one sender',
        'allowed',
        'used ÷ allowed',
        'answers 429',
        'messages measured',
        'least left',
        'latest timer, ms',
        'of them in the table',
        'receives each',
      ],
      rows,
    );
  } finally {
    child.disconnect();
    await ended;
  }
}

function columns(
  { accepted, refused, backlogged, receives, lateMs }: DrainResult,
  { perSecond, burst }: Rate,
): (string | number)[] {
  const used = toleranceOf({ perSecond, burst }) / intervalOf({ perSecond, burst }) + 1;
  const first = accepted.findIndex(({ left }) => left <= burst - used + 1);
  const after = first < 0 ? accepted : accepted.slice(first);
  const seconds = ((after.at(-1)?.at ?? 0) - (after[0]?.at ?? 0)) / 1_000;
  // A burst that is never spent was allowed all the same.
  const allowed = perSecond * seconds + (first < 0 ? burst : 0);
  return [
    ((after.length - 1) / allowed).toFixed(3) + (first < 0 ? ' (burst not spent)' : ''),
    refused,
    `${after.length - 1} in ${seconds.toFixed(1)} s`,
    Math.min(...after.map(({ left }) => left)).toFixed(1),
    lateMs.toFixed(0),
    backlogged,
    (receives / accepted.length).toFixed(2),
  ];
}

await runBenchmark('drain', run);
