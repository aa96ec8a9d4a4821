import { loadavg } from 'node:os';
import { type LocalStack, startLocalStack } from '../local/stack.ts';
import type { Execution } from '../local/step-functions/execution.ts';
import { Numbers, type RegisteredNumber } from './registration/numbers.ts';
import { type Progress, runBenchmark } from './support/benchmark.ts';
import { percentile } from './support/percentile.ts';
import { table } from './support/table.ts';

/*
 * How long a number takes from the request that creates it to ONLINE on the local stack, alone and beside others; how many
 * state transitions that is, and what it asks of AWS. Meta approves at once, and the code is given as soon as it is wanted.
 */

/** State machines wait a tenth of what they do on AWS: a second between two looks at containers instead of ten. */
const WAIT_SCALE = 0.1;
/** Numbers registered at once, each alone on its containers. */
const AT_ONCE = [1, 10, 50];
const PATIENCE_MS = 300_000;

const SINGLE = { mode: 'single' };
const SHAPES: readonly { title: string; configuration: Record<string, unknown> }[] = [
  { title: 'at Meta', configuration: { app_secret: 'sandbox-app-secret' } },
  { title: 'single', configuration: SINGLE },
  { title: 'high-availability', configuration: { mode: 'high-availability' } },
  { title: 'multiconnect, 2 shards', configuration: { mode: 'multiconnect', shards: 2 } },
];

/** Calls by service and action, as `awsCalls` has them. */
type Calls = Record<string, number>;

/** What one registration took by itself. */
interface Account {
  title: string;
  registered: RegisteredNumber;
  calls: Calls;
}

/** What some took at once. */
interface Batch {
  count: number;
  milliseconds: number[];
  /** From the first request to the last number online. */
  total: number;
  transitions: number[];
  calls: Calls;
  removed: number[];
}

async function run(progress: Progress): Promise<string> {
  const { signal, step } = progress;
  const load = loadavg()[0] ?? 0;
  const stack = await startLocalStack({ waitScale: WAIT_SCALE, approvalDelayMs: 0, signal, onStep: step });
  try {
    const numbers = new Numbers(stack, progress);
    step('warming up');
    await registerAll(1, stack, numbers);
    const accounts: Account[] = [];
    for (const { title, configuration } of SHAPES) {
      step(`one number, ${title}`);
      const before = stack.awsCalls();
      const registered = await numbers.register(configuration, PATIENCE_MS);
      accounts.push({ title, registered, calls: difference(before, stack.awsCalls()) });
      await numbers.remove(registered.sid, PATIENCE_MS);
    }
    const batches: Batch[] = [];
    for (const count of AT_ONCE) {
      step(`${count} at once`);
      batches.push(await registerAll(count, stack, numbers));
    }
    return [countsOf(accounts), timesOf(batches), `Load average before the start: ${load.toFixed(1)}.`].join('\n\n');
  } finally {
    await stack.stop();
  }
}

async function registerAll(count: number, stack: LocalStack, numbers: Numbers): Promise<Batch> {
  const before = stack.awsCalls();
  const started = performance.now();
  const registered = await Promise.all(Array.from({ length: count }, () => numbers.register(SINGLE, PATIENCE_MS)));
  const total = performance.now() - started;
  const calls = difference(before, stack.awsCalls());
  return {
    count,
    total,
    calls,
    milliseconds: registered.map(({ milliseconds }) => milliseconds),
    transitions: registered.map(({ execution }) => execution.transitions),
    removed: await Promise.all(registered.map(({ sid }) => numbers.remove(sid, PATIENCE_MS))),
  };
}

/** What one registration takes, by the way of registering; the ratio is to one at Meta. */
function countsOf(accounts: readonly Account[]): string {
  const first = accounts[0];
  const services = [...new Set(accounts.flatMap(({ calls }) => Object.keys(calls).map(serviceOf)))].sort();
  const row = (title: string, of: (account: Account) => number) => [title, ...accounts.map(of)];
  const all = ({ calls }: Account) => sum(Object.values(calls));
  return table(
    ['one registration', ...accounts.map(({ title }) => title)],
    [
      row('state transitions', ({ registered }) => registered.execution.transitions),
      row('of which looking again', ({ registered }) => looksOf(registered.execution)),
      ...services.map((service) =>
        row(`${service} calls`, ({ calls }) =>
          sum(Object.entries(calls).map(([name, count]) => (serviceOf(name) === service ? count : 0))),
        ),
      ),
      row('AWS calls', all),
      ['AWS calls ÷ at Meta', ...accounts.map((account) => (first ? all(account) / all(first) : 0).toFixed(1))],
    ],
  );
}

/** How long numbers take when some are registered at once; ratios are to one by itself. */
function timesOf(batches: readonly Batch[]): string {
  const alone = percentile(batches[0]?.milliseconds ?? [], 0.5);
  const seconds = (milliseconds: number) => (milliseconds / 1_000).toFixed(1);
  const row = (title: string, of: (batch: Batch) => string) => [title, ...batches.map(of)];
  return table(
    ['single, at once', ...batches.map(({ count }) => String(count))],
    [
      row('create to ONLINE, p50, s', ({ milliseconds }) => seconds(percentile(milliseconds, 0.5))),
      row('create to ONLINE, slowest, s', ({ milliseconds }) => seconds(Math.max(...milliseconds))),
      row('p50 ÷ one', ({ milliseconds }) => (percentile(milliseconds, 0.5) / alone).toFixed(1)),
      row('all online after, s', ({ total }) => seconds(total)),
      row('all ÷ one by one', ({ total, count }) => (total / (count * alone)).toFixed(2)),
      row('numbers a minute', ({ total, count }) => ((count * 60_000) / total).toFixed(0)),
      row('state transitions each', ({ transitions, count }) => (sum(transitions) / count).toFixed(0)),
      row('AWS calls each', ({ calls, count }) => (sum(Object.values(calls)) / count).toFixed(0)),
      row('delete to gone, p50, s', ({ removed }) => seconds(percentile(removed, 0.5))),
    ],
  );
}

/** Transitions of a state entered before: how many depends on how long something takes. */
function looksOf({ states, transitions }: Execution): number {
  return transitions - new Set(states).size;
}

function difference(before: Calls, after: Calls): Calls {
  return Object.fromEntries(Object.entries(after).map(([name, count]) => [name, count - (before[name] ?? 0)]));
}

/** `ECS` of `ECS CreateService`. What polls its queue by itself is no call of a registration. */
function serviceOf(name: string): string {
  return name.slice(0, name.lastIndexOf(' '));
}

const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);

await runBenchmark('registration', run);
