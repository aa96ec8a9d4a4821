import { percentile } from '../support/percentile.ts';
import { type Cell, table } from '../support/table.ts';
import { DYNAMODB, HTTP_API, LAMBDA, SECRETS_MANAGER, SQS } from './aws.ts';
import { costOf, totalOf } from './cost.ts';
import type { Histogram } from './histogram.ts';
import { peakOf } from './load.ts';
import { HOT_KEYS } from './meter.ts';
import type { Kind } from './senders.ts';
import type { Result } from './simulate.ts';

const whole = (value: number) => Math.round(value).toLocaleString('en-US');
const fixed = (digits: number) => (value: number) => (Number.isNaN(value) ? '–' : value.toFixed(digits));
/** From milliseconds. */
const seconds = (ms: number) => {
  const value = ms / 1_000;
  return Number.isNaN(value) ? '–' : value.toFixed(value < 10 ? 2 : value < 100 ? 1 : 0);
};
const four = (values: Histogram) => [0.5, 0.9, 0.99, 1].map((share) => seconds(values.percentile(share))).join(' / ');

type Row = [title: string, cell: (result: Result) => Cell];

const LABELS: Readonly<Record<Kind, string>> = {
  small: 'ordinary messages',
  reply: 'replies',
  rival: 'replies beside an own campaign',
  campaign: 'campaigns',
  behind: 'ordinary ones behind an own campaign',
};

const TRAFFIC: readonly Row[] = [
  ['messages accepted', ({ meter }) => whole(meter.posts.total - meter.refused)],
  ['campaigns', ({ campaigns }) => campaigns],
  ['sent a second, at most', ({ meter }) => whole(meter.sends.greatest)],
  ['not sent at the end', ({ unsent }) => whole(unsent)],
  ['faster than a provider allows', ({ meter }) => meter.tooFast],
  ['rate used ÷ allowed, mean', ({ utilisations }) => fixed(3)(mean(utilisations))],
  ['rate used ÷ allowed, least', ({ utilisations }) => fixed(3)(percentile(utilisations, 0))],
];

const AGES: readonly Row[] = [
  ...(['small', 'reply', 'rival', 'campaign'] as const).map(
    (kind): Row => [LABELS[kind], ({ meter }) => four(meter.age[kind])],
  ),
  ['campaigns, after their turn', ({ meter }) => four(meter.late.campaign)],
];

const QUEUE: readonly Row[] = [
  ['messages in the queue, at most', ({ meter }) => whole(meter.greatestQueue)],
  ['in flight, at most', ({ meter }) => whole(meter.greatestInFlight)],
  ['receives per message, mean', ({ meter }) => fixed(2)(meter.receives.mean)],
  ['receives per message, most', ({ meter }) => whole(meter.receives.greatest)],
  ['messages sent per invocation', ({ meter }) => fixed(2)(meter.sends.total / meter.calls.invocations)],
  ['an invocation of Deliver, ms', ({ meter }) => whole(meter.calls.deliverMs / meter.calls.invocations)],
  ['Deliver functions at once', ({ meter }) => whole(meter.running.greatest)],
  ['write units per message, to `sent`', ({ meter }) => fixed(2)(meter.writes.total / meter.sends.total)],
  ['secrets read per message', ({ meter }) => fixed(3)(meter.calls.secretReads / meter.sends.total)],
];

const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;

/** The tables of simulated days, one column for each. */
export function reportDays(results: readonly Result[]): string {
  const columns = results.map(({ scenario }) => `${whole(scenario.senders)} senders`);
  const rows = (list: readonly Row[]) => list.map(([title, cell]) => [title, ...results.map(cell)]);
  const hot = HOT_KEYS.map((key) => [`\`${key}\``, ...results.map(({ meter }) => whole(meter.hottest[key]))]);
  const costs = results.map(costOf);
  const lines = (costs[0] ?? []).map(({ title }, line) => [
    title,
    ...costs.map((cost) => fixed(2)(cost[line]?.dollars ?? 0)),
  ]);
  return [
    table(['a day', ...columns], rows(TRAFFIC)),
    table(['queue age, s: p50 / p90 / p99 / most', ...columns], rows(AGES)),
    table(['queue and functions', ...columns], rows(QUEUE)),
    table([`writes to one key in its busiest second, of ${whole(DYNAMODB.partitionWrites)}`, ...columns], hot),
    table(
      ['$ per million messages', ...columns],
      [...lines, ['Total', ...results.map((one) => fixed(2)(totalOf(one)))]],
    ),
    quotas(results, columns),
  ].join('\n\n');
}

/** What AWS gives without being asked, and what the busiest second needs. */
function quotas(results: readonly Result[], columns: readonly string[]): string {
  const peaks = results.map(peakOf);
  const row = (title: string, quota: number, needed: (index: number) => number): Cell[] => [
    title,
    whole(quota),
    ...results.map((_, index) => {
      const value = needed(index);
      return value > quota ? `**${whole(value)}**` : whole(value);
    }),
  ];
  return table(
    ['quota (what is over it is bold)', 'default', ...columns],
    [
      row('HTTP API, requests/s', HTTP_API.requestsPerSecond, (at) => peaks[at]?.requests ?? 0),
      row('Lambda, functions at once', LAMBDA.concurrency, (at) => peaks[at]?.functions ?? 0),
      row(
        'Lambda, invocations/s',
        LAMBDA.concurrency * LAMBDA.requestsPerConcurrency,
        (at) => peaks[at]?.invocations ?? 0,
      ),
      row('DynamoDB, table writes/s', DYNAMODB.tableWrites, (at) => peaks[at]?.writes ?? 0),
      row('DynamoDB, new table writes/s', DYNAMODB.freshTableWrites, (at) => peaks[at]?.writes ?? 0),
      row('DynamoDB, table reads/s', DYNAMODB.tableReads, (at) => peaks[at]?.reads ?? 0),
      row('SQS, messages looked at', SQS.looksAt, (at) => results[at]?.meter.greatestQueue ?? 0),
      row('SQS, messages in flight', SQS.inFlight, (at) => results[at]?.meter.greatestInFlight ?? 0),
      row('SQS, calls of one action/s', SQS.callsPerSecond, (at) => peaks[at]?.queueCalls ?? 0),
      row('Secrets Manager, secrets', SECRETS_MANAGER.secrets, (at) => results[at]?.scenario.senders ?? 0),
    ],
  );
}

/** The table of senders that all begin at the same time, one column for each result. */
export function reportRush(results: readonly Result[]): string {
  const columns = results.map(({ scenario }) => `${scenario.maxConcurrency} functions`);
  const rows: readonly Row[] = [...TRAFFIC.slice(2), ...AGES, ...QUEUE.slice(0, 7)];
  return table(
    ['200 campaigns in the same second', ...columns],
    rows.map(([title, cell]) => [title, ...results.map(cell)]),
  );
}
