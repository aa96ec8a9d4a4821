import { type DeviceShape, planDevice, type RolePlan } from '../lambdas/domain/topology.ts';
import { runBenchmark } from './support/benchmark.ts';
import { table } from './support/table.ts';

/*
 * What a number costs in a month, from the containers that the gateway would start for it (lambdas/domain/topology.ts) and AWS
 * list prices: us-east-1, September 2026, dollars, no free tier.
 */

const HOURS = 730;
const FARGATE = {
  arm64: { vcpuHour: 0.03238, gigabyteHour: 0.00356 },
  'x86-64': { vcpuHour: 0.04048, gigabyteHour: 0.004445 },
};
const SECRET = 0.4;
const SECRET_CALL = 0.05 / 10_000;
const CLOUD_MAP_INSTANCE = 0.1;
const NAT_GATEWAY = 32.85;
const AURORA_UNIT = 0.12 * HOURS;
const TRANSITION = 25 / 1_000_000;
const LAMBDA_REQUEST = 0.2 / 1_000_000;
const SCHEDULE_INVOCATION = 1 / 1_000_000;
/** A second of a function of 512 MB on arm64. */
const LAMBDA_SECOND = 0.0000133334 / 2;
const WRITE = 0.625 / 1_000_000;

const SHAPES: [name: string, shape: DeviceShape][] = [
  ['single', { mode: 'single', shards: 1 }],
  ['high-availability', { mode: 'high-availability', shards: 1 }],
  ['multiconnect, 2 shards', { mode: 'multiconnect', shards: 2 }],
  ['multiconnect, 8 shards', { mode: 'multiconnect', shards: 8 }],
  ['multiconnect, 32 shards', { mode: 'multiconnect', shards: 32 }],
];

const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);
const dollars = (value: number) => `$${value.toFixed(2)}`;

function containersCost(plan: readonly RolePlan[], { vcpuHour, gigabyteHour }: (typeof FARGATE)['arm64']): number {
  return (
    HOURS *
    sum(plan.map(({ count, cpu, memoryMiB }) => count * ((cpu / 1024) * vcpuHour + (memoryMiB / 1024) * gigabyteHour)))
  );
}

function namesCost(plan: readonly RolePlan[]): number {
  return CLOUD_MAP_INSTANCE * sum(plan.map(({ count, named }) => (named ? count : 0)));
}

/** A session of seven days is renewed after 5.9 of them on average; a renewal takes a second at most. */
const RENEWALS_A_MONTH = 30.4 / 5.9;
const RENEWAL = 3 * SECRET_CALL + 4 * WRITE + LAMBDA_SECOND;
/** The function that renews runs every minute, whether anything is due or not. */
const TICKS = HOURS * 60 * (SCHEDULE_INVOCATION + LAMBDA_REQUEST + 0.05 * LAMBDA_SECOND);
/** `npm run bench registration` counts 37 to 45, where containers start in a second; on Fargate it looks again some twenty times. */
const TRANSITIONS = 100;

async function run(): Promise<string> {
  const numbers = SHAPES.map(([name, shape]) => {
    const plan = planDevice(shape, { simulated: false });
    const containers = sum(plan.map(({ count }) => count));
    const fargate = containersCost(plan, FARGATE['x86-64']);
    const simulated = containersCost(planDevice(shape, { simulated: true }), FARGATE.arm64);
    const costs = [fargate, namesCost(plan), SECRET, fargate + namesCost(plan) + SECRET, simulated];
    return [name, containers, ...costs.map(dollars)];
  });
  const shared = [
    ['NAT gateway (`fleet.natGateways`: 1)', dollars(NAT_GATEWAY)],
    ['Aurora while numbers are connected, at half a unit', dollars(AURORA_UNIT / 2)],
    ['Aurora while none is (`minCapacity`: 0)', dollars(0)],
    ['looking for sessions to renew, every minute', dollars(TICKS)],
  ];
  const thousand = [
    ['secrets, one a sender', dollars(1_000 * SECRET)],
    ['renewals of seven-day sessions', dollars(1_000 * RENEWALS_A_MONTH * RENEWAL)],
    ['renewals of one-hour tokens', dollars(1_000 * (HOURS / 0.9) * RENEWAL)],
  ];
  const registration = [
    [`one, ${TRANSITIONS} transitions`, (TRANSITIONS * TRANSITION).toFixed(5)],
    ['a display name reviewed for three days, 300 looks', (300 * 3 * TRANSITION).toFixed(5)],
  ];
  return [
    "A number on containers, dollars a month: WhatsApp's images on x86-64; the last column is the simulator on arm64",
    table(['mode', 'containers', 'Fargate', 'names', 'secret', 'a number', 'simulated'], numbers),
    'What all numbers share, dollars a month',
    table(['what', 'a month'], shared),
    'A thousand senders without containers, dollars a month',
    table(['what', 'a month'], thousand),
    'Registrations, dollars',
    table(['what', 'dollars'], registration),
  ].join('\n\n');
}

await runBenchmark('numbers-cost', run);
