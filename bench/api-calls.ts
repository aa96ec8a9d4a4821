import { fork } from 'node:child_process';
import { once } from 'node:events';
import { rm } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { bundleChannels } from '../test/support/channels.ts';
import type { Backend } from './api-calls/backend.child.ts';
import { type Counted, LINES, WEBHOOKS_BY_HTTP_API } from './api-calls/bill.ts';
import { CallCounter, type Count } from './api-calls/counter.ts';
import { billedMs, type Duration, durationOf, ELSEWHERE_MS, LATENCY_MS } from './api-calls/durations.ts';
import { type CountedGateway, type CountedSender, startCountedGateway } from './api-calls/gateway.ts';
import { durationPrice, MEGABYTES, PRICES, TWILIO_FEE } from './api-calls/prices.ts';
import { cloud, containers, type SentMessage } from './api-calls/traffic.ts';
import { type Progress, runBenchmark } from './support/benchmark.ts';
import { numbersFrom } from './support/simulator.ts';
import { table } from './support/table.ts';

/*
 * Which AWS calls a message takes from POST to `read`, in functions that are warm, how much CPU time, and what that costs at list price:
 * one POST, the webhooks that it was delivered and that it was read, each by itself, and a callback for each. Messages go to
 * as many contacts from one sender, and are all in the queue before it is polled: batches are full.
 */

/** A multiple of 10, and no more than a sender may send at once. */
const MESSAGES = 50;
const WARM_UP = 3;
const FUNCTIONS = ['Api', 'Deliver', 'Webhook', 'Notify'];
const CHANNELS = { cloud: 'whatsapp-cloud', containers: 'whatsapp' } as const;

interface Scenario {
  title: string;
  channel: 'cloud' | 'containers';
  batchSize: number;
  body: string;
  statuses: readonly string[];
  /** Each message from a sender of its own, which the functions do not know yet. */
  isAlone?: true;
}

const SHORT = 'Your order has shipped.';
const LONG = SHORT.repeat(22).slice(0, 500);
const STATUSES = ['delivered', 'read'];
const usual = { body: SHORT, statuses: STATUSES };

const SCENARIOS: readonly Scenario[] = [
  { title: 'Cloud API, 1', channel: 'cloud', batchSize: 1, ...usual },
  { title: 'Cloud API, 10', channel: 'cloud', batchSize: 10, ...usual },
  { title: '10, 500 letters', channel: 'cloud', batchSize: 10, ...usual, body: LONG },
  { title: '10, 1 a sender', channel: 'cloud', batchSize: 10, ...usual, isAlone: true },
  { title: '10, told `sent`', channel: 'cloud', batchSize: 10, ...usual, statuses: ['sent', ...STATUSES] },
  { title: 'containers, 1', channel: 'containers', batchSize: 1, ...usual },
  { title: 'containers, 10', channel: 'containers', batchSize: 10, ...usual },
];

/** What a scenario took, and what the callback took that says `sent`: Deliver's own, which makes three. */
interface Played {
  counts: Count[];
  sentCallback: Count[];
  logBytes: number;
}

async function run(progress: Progress): Promise<string> {
  progress.step('starting emulators, a provider and a customer in another process');
  const child = fork(fileURLToPath(new URL('./api-calls/backend.child.ts', import.meta.url)), {
    signal: progress.signal,
  });
  const ended = once(child, 'exit');
  const channels = bundleChannels();
  let gateway: CountedGateway | undefined;
  try {
    const [backend] = (await once(child, 'message', { signal: progress.signal })) as [Backend];
    const counter = new CallCounter();
    gateway = await startCountedGateway(backend, counter);
    return await count(gateway, counter, backend, progress);
  } finally {
    gateway?.stop();
    child.disconnect();
    await ended;
    await rm(channels, { recursive: true });
  }
}

async function count(
  gateway: CountedGateway,
  counter: CallCounter,
  { providerUrl, customerUrl }: Backend,
  { step, signal }: Progress,
): Promise<string> {
  const senders = {
    cloud: await gateway.createSender(cloud(providerUrl), '15550001111'),
    containers: await gateway.createSender(containers(providerUrl), '15550002222'),
  };
  const contacts = numbersFrom(15_551_230_000, MESSAGES);
  const played: Played[] = [];
  for (let round = 0; round <= WARM_UP; round += 1) {
    const isLast = round === WARM_UP;
    for (const scenario of SCENARIOS) {
      signal.throwIfAborted();
      step(`${isLast ? '' : 'warming up: '}${MESSAGES} messages, ${scenario.title}`);
      const sender = senders[scenario.channel];
      const own = scenario.isAlone ? await createSenders(gateway, providerUrl) : contacts.map(() => sender);
      const one = await play(scenario, contacts, gateway, own, counter, customerUrl);
      if (isLast) played.push(one);
    }
    if (round === WARM_UP - 2) gateway.invocations.length = 0;
  }
  return report(played, gateway);
}

/** Senders that no function has met. */
async function createSenders(gateway: CountedGateway, providerUrl: string): Promise<CountedSender[]> {
  created += MESSAGES;
  const addresses = numbersFrom(15_559_000_000 + created, MESSAGES);
  return Promise.all(addresses.map((address) => gateway.createSender(cloud(providerUrl), address)));
}
let created = 0;

/** Sends one message to each contact and sees all of them `read`, stage by stage. */
async function play(
  { batchSize, body, statuses }: Scenario,
  contacts: readonly string[],
  gateway: CountedGateway,
  senders: readonly CountedSender[],
  counter: CallCounter,
  customerUrl: string,
): Promise<Played> {
  const pairs = senders.map((sender, index) => ({ sender, contact: contacts[index] ?? '' }));
  for (const { sender, contact } of pairs) await sender.openWindow(contact);
  counter.take();
  gateway.logs.bytes = 0;
  const messages: (SentMessage & { sender: CountedSender })[] = [];
  for (const { sender, contact } of pairs) {
    messages.push({ sid: await sender.accept(contact, body, `${customerUrl}/status`), id: '', contact, sender });
  }
  await gateway.deliver(batchSize);
  const counts = counter.take();
  const logBytes = gateway.logs.bytes;
  const isSentCallback = ({ service, operation, by }: Count) =>
    service === 'SQS' && operation.startsWith('SendMessage') && by === 'Deliver';
  await gateway.notify(batchSize);
  const sentCallback = [...counts.filter(isSentCallback), ...counter.take()];
  for (const message of messages) {
    const stored = await gateway.message(message.sid);
    if (stored?.status !== 'sent') throw new Error(`${message.sid} is ${stored?.status}, ${stored?.errorMessage}.`);
    message.id = stored.channelMessageIds[0] ?? '';
  }
  counter.take();
  gateway.logs.bytes = logBytes;
  for (const status of statuses) for (const message of messages) await message.sender.tell(status, message);
  await gateway.notify(batchSize);
  const rest = counter.take();
  const { bytes } = gateway.logs;
  for (const { sid } of messages) {
    const { status } = (await gateway.message(sid)) ?? {};
    if (status !== 'read') throw new Error(`${sid} is ${status} instead of read.`);
  }
  return { counts: [...counts.filter((one) => !isSentCallback(one)), ...rest], sentCallback, logBytes: bytes };
}

function report(played: readonly Played[], { invocations }: CountedGateway): string {
  const durationsOf = ({ channel, batchSize }: Scenario): Duration[] =>
    FUNCTIONS.map((name) => {
      const isQueued = name === 'Deliver' || name === 'Notify';
      return durationOf(invocations, { name, channel: CHANNELS[channel], batchSize: isQueued ? batchSize : 1 });
    });
  const counted = SCENARIOS.map((scenario, index): Counted => {
    const { counts = [] } = played[index] ?? {};
    return { messages: MESSAGES, counts, durations: durationsOf(scenario) };
  });
  const [ones = [], tens = []] = counted.map(({ durations }) => durations);
  const all = [...ones, ...tens.filter(({ batchSize }) => batchSize > 1)];
  return [counts(counted), times(all), memory(all), bill(counted, played), halves()].join('\n\n');
}

const titles = SCENARIOS.map(({ title }) => title);

function counts(counted: readonly Counted[]): string {
  const names = [
    ...new Set(
      counted.flatMap((one) => one.counts.map(({ service, operation, by }) => nameOf(service, operation, by))),
    ),
  ].sort();
  const rows = names.map((name) => [
    name,
    ...counted.map((one) => {
      const own = one.counts.filter(({ service, operation, by }) => nameOf(service, operation, by) === name);
      return (own.reduce((sum, { calls }) => sum + calls, 0) / one.messages).toFixed(2);
    }),
  ]);
  const sums = (['writeUnits', 'readUnits'] as const).map((kind) => [
    `DynamoDB ${kind === 'writeUnits' ? 'write' : 'read'} units`,
    ...counted.map((one) => (one.counts.reduce((sum, each) => sum + each[kind], 0) / one.messages).toFixed(2)),
  ]);
  return table(['counted, per message', ...titles], [...rows, ...sums]);
}

const nameOf = (service: string, operation: string, by: string) =>
  service === 'Lambda' ? `Lambda ${operation}` : `${by}: ${service} ${operation}`;

function times(durations: readonly Duration[]): string {
  return table(
    [
      'an invocation',
      'batch',
      'CPU, ms (measured)',
      'AWS calls in a row (counted)',
      'waits, ms (assumed)',
      'billed, ms',
    ],
    durations.map((one) => [
      one.name,
      one.batchSize,
      one.cpuMs.toFixed(1),
      one.calls + (ELSEWHERE_MS[one.name] ? `, ${ELSEWHERE_MS[one.name]} ms elsewhere` : ''),
      one.waitMs,
      billedMs(one),
    ]),
  ).concat(`\n\nAssumed: DynamoDB ${LATENCY_MS.DynamoDB} ms a call, SQS ${LATENCY_MS.SQS} ms.`);
}

const SIZES = [256, 512, 1_024];

function memory(durations: readonly Duration[]): string {
  return table(
    ['$ per million invocations, and ms', 'batch', ...SIZES.map((size) => `${size} MB`)],
    durations.map((one) => [
      `${one.name} (has ${MEGABYTES[one.name]})`,
      one.batchSize,
      ...SIZES.map((size) => `${durationPrice(size, billedMs(one, size)).toFixed(2)}, ${billedMs(one, size)}`),
    ]),
  );
}

function bill(counted: readonly Counted[], played: readonly Played[]): string {
  const dollars = (amounts: readonly number[]) => amounts.map((amount) => amount.toFixed(2));
  const total = (one: Counted) => LINES.reduce((sum, line) => sum + line.dollars(one), 0);
  const totals = counted.map(total);
  const byFunctionUrl = counted.map((one, index) => (totals[index] ?? 0) - WEBHOOKS_BY_HTTP_API.dollars(one));
  const third = counted.map((one, index) => total({ ...one, counts: played[index]?.sentCallback ?? [] }));
  const logs = played.map(({ logBytes }) => (logBytes / MESSAGES / 1_000) * PRICES.logGigabyte);
  const times = (amount: number) => `${(TWILIO_FEE / amount).toFixed(0)}×`;
  return table(
    ['$ per million messages', ...titles],
    [
      ...LINES.map((line) => [line.title, ...dollars(counted.map((one) => line.dollars(one)))]),
      ['Total', ...dollars(totals)],
      ['Total, `webhooks: function-url`', ...dollars(byFunctionUrl)],
      ["Twilio's fee ÷ total", ...totals.map(times)],
      ["Twilio's fee ÷ total, function-url", ...byFunctionUrl.map(times)],
      ['besides: the callback `sent`', ...dollars(third)],
      ["besides: the functions' own log lines", ...dollars(logs)],
    ],
  );
}

function halves(): string {
  return table(
    ['line', 'to cost half'],
    LINES.map(({ title, half }) => [title, half]),
  );
}

await runBenchmark('api-calls', run);
