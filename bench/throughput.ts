import { loadavg } from 'node:os';
import process from 'node:process';
import { setTimeout as delay } from 'node:timers/promises';
import { type LocalStack, startLocalStack } from '../local/stack.ts';
import { type Progress, runBenchmark } from './support/benchmark.ts';
import { percentile } from './support/percentile.ts';
import { numbersFrom } from './support/simulator.ts';
import { table } from './support/table.ts';
import { until } from './support/until.ts';
import { type LoadResult, putLoad } from './throughput/load.ts';
import { Phones } from './throughput/phones.ts';
import { type StoredMessage, storedMessages, timeOf } from './throughput/stored.ts';

/*
 * How fast the local stack takes messages in, and how soon they are on the phones. Everything shares this machine: clients,
 * functions, emulators and simulated phones. So the figures compare versions of this code; they are not those of AWS.
 */

const SENDERS = numbersFrom(15_550_200_000, 20);
const CONTACTS = numbersFrom(15_551_300_000, 10);
const CLIENTS = 8;
/** Fifty for each sender: inside a device's burst, so that the gateway is measured and not the wait for slots. */
const MESSAGES = 1_000;
/** Sent first, and not measured: makes the functions grow to as many environments as they need. */
const WARM_UP = 200;
const PATIENCE_MS = 60_000;

interface Measured extends LoadResult {
  stored: StoredMessage[];
  /** Texts on the phone of each contact. */
  phones: Map<string, string[]>;
}

async function run(progress: Progress): Promise<string> {
  const load = loadavg()[0] ?? 0;
  const stack = await startLocalStack({ signal: progress.signal, onStep: (step) => progress.step(step) });
  try {
    const phones = new Phones(stack);
    await openWindows(stack, phones, progress);
    progress.step(`warming up with ${WARM_UP} messages`);
    await measure({ name: 'warm-up', count: WARM_UP }, stack, phones, progress);
    progress.step(`${CLIENTS} clients send ${MESSAGES} messages`);
    const measured = await measure({ name: 'message', count: MESSAGES }, stack, phones, progress);
    const answers = await Promise.all(SENDERS.map((sender) => phones.answers(sender)));
    // Shown in the table as well, but whoever runs this in a script must not miss it.
    if (lostOf(measured).length > 0) process.exitCode = 1;
    return report(measured, answers, load);
  } finally {
    await stack.stop();
  }
}

async function openWindows(stack: LocalStack, phones: Phones, { step, signal }: Progress): Promise<void> {
  const windows = SENDERS.length * CONTACTS.length;
  step(`registering ${SENDERS.length} senders, opening ${windows} windows`);
  for (const sender of SENDERS) {
    await phones.addSender(sender);
    for (const contact of CONTACTS) await phones.write(contact, sender);
  }
  const isInbound = ({ direction }: StoredMessage) => direction === 'inbound';
  await until(async () => (await storedMessages(stack)).filter(isInbound).length >= windows, {
    what: 'the contacts to have written',
    signal,
    patienceMs: PATIENCE_MS,
    everyMs: 500,
  });
}

/** Sends messages and waits until they are on the phones and their statuses are back. */
async function measure(
  { name, count }: { name: string; count: number },
  stack: LocalStack,
  phones: Phones,
  { step, signal }: Progress,
): Promise<Measured> {
  const messages = Array.from({ length: count }, (_, index) => ({
    from: `whatsapp:+${SENDERS[index % SENDERS.length]}`,
    to: `whatsapp:+${CONTACTS[Math.floor(index / SENDERS.length) % CONTACTS.length]}`,
    body: `${name} ${index}`,
  }));
  const { url, accountSid, authToken } = stack;
  const result = await putLoad({ access: { url, accountSid, authToken }, clients: CLIENTS, messages }, signal);
  step(`${result.accepted.length} accepted; waiting for the phones`);
  // The phones are in another process; looking into the table, which is in this one, would slow down what is measured.
  const shown = await Promise.all(
    CONTACTS.map(async (contact) => {
      const expected = result.accepted.filter(({ to }) => to === `whatsapp:+${contact}`).length;
      return [contact, await phones.arrived(contact, name, expected, { milliseconds: PATIENCE_MS, signal })] as const;
    }),
  );
  const stored = await settled(new Set(result.accepted.map(({ sid }) => sid)), stack, signal);
  return { ...result, stored, phones: new Map(shown) };
}

/** The messages when their statuses are back, or as they are after a while. */
async function settled(sids: ReadonlySet<string>, stack: LocalStack, signal: AbortSignal): Promise<StoredMessage[]> {
  const deadline = performance.now() + PATIENCE_MS;
  for (;;) {
    const stored = (await storedMessages(stack)).filter(({ sid }) => sids.has(sid));
    const unsettled = stored.filter(({ status }) => status !== 'read' && status !== 'failed');
    if (unsettled.length === 0 || performance.now() > deadline) return stored;
    await delay(500, undefined, { signal });
  }
}

/** Accepted messages that are not on the phone of their contact. */
function lostOf({ accepted, phones }: Measured): LoadResult['accepted'] {
  return accepted.filter(({ to, body }) => !phones.get(to.replace(/\D/g, ''))?.includes(body));
}

function report(measured: Measured, answers: readonly Map<string, number>[], load: number): string {
  const { startedAt, endedAt, latencies, accepted, refused, stored, phones } = measured;
  const onPhones = [...phones.values()].flat();
  const read = stored.flatMap((message) => timeOf(message, 'read') ?? []);
  const timesTo = (event: string) =>
    stored.flatMap((message) => {
      const [from, to] = [timeOf(message, 'queued'), timeOf(message, event)];
      return from === undefined || to === undefined ? [] : [to - from];
    });
  const perSecond = (count: number, from: number, to: number) => (count / ((to - from) / 1_000)).toFixed(0);
  const milliseconds = (values: readonly number[]) =>
    [0.5, 0.9, 0.99].map((share) => percentile(values, share).toFixed(0));
  const countOf = (status: string) => answers.reduce((sum, of) => sum + (of.get(status) ?? 0), 0);
  return [
    table(
      ['milliseconds', 'p50', 'p90', 'p99'],
      [
        ['POST to 201', ...milliseconds(latencies)],
        ['queued to sent', ...milliseconds(timesTo('sent'))],
        ['queued to read', ...milliseconds(timesTo('read'))],
      ],
    ),
    table(
      [`${MESSAGES} messages, ${CLIENTS} clients, ${SENDERS.length} senders`, ''],
      [
        ['accepted per second', perSecond(accepted.length, startedAt, endedAt)],
        ['read per second, first POST to last status', perSecond(read.length, startedAt, Math.max(...read))],
        ['refused', refused.length],
        ['accepted and not on a phone', lostOf(measured).length],
        ['on a phone twice', onPhones.length - new Set(onPhones).size],
        ['accepted and not read', accepted.length - read.length],
        ['answers 429 by devices, warm-up included', countOf('429')],
        ['load average before the start', load.toFixed(1)],
      ],
    ),
    ...[...new Set(refused)].slice(0, 3),
  ].join('\n\n');
}

await runBenchmark('throughput', run);
