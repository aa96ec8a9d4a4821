import { CallCounter, type Count } from './api-calls/counter.ts';
import { type CountedGateway, startCountedGateway } from './api-calls/gateway.ts';
import { costOf, SERVICES } from './api-calls/prices.ts';
import { type Progress, runBenchmark } from './support/benchmark.ts';
import { createClient } from './support/client.ts';
import { numbersFrom } from './support/simulator.ts';
import { table } from './support/table.ts';
import { until } from './support/until.ts';

/*
 * Which AWS calls a message takes from POST to `read`, in functions that are warm, and what they cost at list price.
 * Messages go to as many contacts from one sender, and are all in the queue before it is polled: batches are full.
 */

/** A multiple of 10, and small enough that no message waits for a sending slot. */
const MESSAGES = 50;
/** Sent, delivered, read: each a webhook, and with a status callback URL each a callback. */
const STATUSES = 3;
/** Twilio's fee for a WhatsApp message, in dollars per million. */
const TWILIO_FEE = 5_000;

interface Scenario {
  title: string;
  batchSize: number;
  callbacks: boolean;
  body: string;
}

const SHORT = 'Your order has shipped.';
const LONG = SHORT.repeat(22).slice(0, 500);

const SCENARIOS: readonly Scenario[] = [
  { title: 'batches of 1', batchSize: 1, callbacks: true, body: SHORT },
  { title: 'batches of 10', batchSize: 10, callbacks: true, body: SHORT },
  { title: '1, no callbacks', batchSize: 1, callbacks: false, body: SHORT },
  { title: '10, no callbacks', batchSize: 10, callbacks: false, body: SHORT },
  { title: '10, 500 letters', batchSize: 10, callbacks: true, body: LONG },
];

async function run(progress: Progress): Promise<string> {
  progress.step('starting functions, emulators and a device in this process');
  const counter = new CallCounter();
  const gateway = await startCountedGateway(counter);
  try {
    counter.take();
    const contacts = numbersFrom(15_551_230_000, MESSAGES);
    progress.step('opening windows, and warming the functions up');
    for (const contact of contacts) await gateway.write(contact);
    await until(() => gateway.seen().webhooks >= contacts.length, {
      ...progress,
      what: 'the contacts to have written',
    });
    await play(
      { title: 'warm-up', batchSize: 10, callbacks: true, body: SHORT },
      contacts.slice(0, 1),
      gateway,
      progress,
    );
    const secretsRead = counter.take().filter(({ service }) => service === 'Secrets Manager');
    const counts: Count[][] = [];
    for (const scenario of SCENARIOS) {
      progress.step(`${MESSAGES} messages, ${scenario.title}`);
      await play(scenario, contacts, gateway, progress);
      counts.push(counter.take());
    }
    const cold = secretsRead.reduce((sum, { calls }) => sum + calls, 0);
    return `${report(counts)}\n\nNot in these tables: while they were cold, the functions read a secret ${cold} times.`;
  } finally {
    await gateway.stop();
  }
}

/** Sends one message to each contact and sees all of them `read`, stage by stage. */
async function play(
  { batchSize, callbacks, body }: Scenario,
  contacts: readonly string[],
  gateway: CountedGateway,
  { signal }: Progress,
): Promise<void> {
  const client = createClient(gateway);
  const before = gateway.seen();
  const sids = new Set<string>();
  for (const contact of contacts) {
    const message = await client.messages.create({
      from: gateway.sender,
      to: `whatsapp:+${contact}`,
      body,
      ...(callbacks && { statusCallback: gateway.statusCallbackUrl }),
    });
    sids.add(message.sid);
  }
  await gateway.deliver(batchSize);
  const statuses = contacts.length * STATUSES;
  await until(() => gateway.seen().webhooks - before.webhooks >= statuses, { signal, what: `${statuses} webhooks` });
  if ((await gateway.postponed()) > 0) {
    throw new Error('Statuses were postponed, which costs more: this machine is too busy to count. Try again.');
  }
  await gateway.notify(batchSize);
  const called = gateway.seen().callbacks - before.callbacks;
  if (called !== (callbacks ? statuses : 0)) throw new Error(`${called} callbacks arrived instead of ${statuses}.`);
  const read = (await gateway.items()).filter(({ sid, status }) => sids.has(String(sid)) && status === 'read');
  if (read.length !== contacts.length) throw new Error(`${read.length} of ${contacts.length} messages were read.`);
}

function report(counts: readonly Count[][]): string {
  const header = ['per message', ...SCENARIOS.map(({ title }) => title)];
  const operations = SERVICES.flatMap((service) => {
    const names = new Set(
      counts
        .flat()
        .filter((count) => count.service === service)
        .map(({ operation }) => operation),
    );
    return [...names].sort().map((operation) => ({ service, operation }));
  });
  const perMessage = (of: (count: Count) => number) =>
    counts.map((scenario) => (scenario.reduce((sum, count) => sum + of(count), 0) / MESSAGES).toFixed(2));
  const calls = operations.map(({ service, operation }) => [
    `${service} ${operation}`,
    ...perMessage((count) => (count.service === service && count.operation === operation ? count.calls : 0)),
  ]);
  const sums = [
    ['AWS API calls by functions', ...perMessage((count) => (isApiCall(count) && !isPoller(count) ? count.calls : 0))],
    ['AWS API calls by pollers', ...perMessage((count) => (isPoller(count) ? count.calls : 0))],
    ['DynamoDB write units', ...perMessage(({ writeUnits }) => writeUnits)],
    ['DynamoDB read units', ...perMessage(({ readUnits }) => readUnits)],
  ];
  return [table(header, [...calls, ...sums]), costs(counts)].join('\n\n');
}

const isPoller = ({ operation }: Count) => operation.endsWith('(poller)');
const isApiCall = ({ service }: Count) => service !== 'API Gateway' && service !== 'Lambda';

function costs(counts: readonly Count[][]): string {
  const perMillion = counts.map((scenario) => costOf(scenario));
  const inDollars = (amounts: readonly number[]) => amounts.map((amount) => (amount / MESSAGES).toFixed(2));
  const totals = perMillion.map((cost) => SERVICES.reduce((sum, service) => sum + cost[service], 0));
  const perCallback = SCENARIOS.map(({ batchSize, callbacks, body }, index) => {
    const without = SCENARIOS.findIndex((other) => {
      return !other.callbacks && other.batchSize === batchSize && other.body === body;
    });
    return callbacks && without >= 0 ? ((totals[index] ?? 0) - (totals[without] ?? 0)) / STATUSES : undefined;
  });
  const ifKnown = (amount: (callback: number, index: number) => number) =>
    perCallback.map((callback, index) =>
      callback === undefined ? '' : (amount(callback, index) / MESSAGES).toFixed(2),
    );
  return table(
    ['$ per million messages', ...SCENARIOS.map(({ title }) => title)],
    [
      ...SERVICES.map((service) => [service, ...inDollars(perMillion.map((cost) => cost[service]))]),
      ['Total', ...inDollars(totals)],
      ['of which one callback', ...ifKnown((callback) => callback)],
      ['Total with 2 callbacks', ...ifKnown((callback, index) => (totals[index] ?? 0) - callback)],
      ["Twilio's fee ÷ total", ...totals.map((total) => `${((TWILIO_FEE * MESSAGES) / total).toFixed(0)}×`)],
    ],
  );
}

await runBenchmark('api-calls', run);
