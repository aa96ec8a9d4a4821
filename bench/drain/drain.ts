import { once } from 'node:events';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { setTimeout as delay } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { readSpec } from '../../lambdas/channels/read-yaml.ts';
import type { Rate } from '../../lambdas/domain/pacing.ts';
import type { Sender } from '../../lambdas/domain/sender.ts';
import { newSid } from '../../lambdas/domain/sid.ts';
import type { OutboundTask } from '../../lambdas/domain/tasks.ts';
import { again, done, type Handled } from '../../lambdas/platform/fifo-batch.ts';
import { numbersFrom } from '../support/simulator.ts';
import type { ProviderLimit, ProviderLog } from './provider.worker.ts';
import { Queue } from './queue.ts';

/** What a provider takes to answer, and a call to the table, in ms. */
const ANSWER_MS = 100;
const TABLE_MS = 5;
const SWEEP_MS = 60_000;

export interface DrainResult extends ProviderLog {
  /** Messages that began in the table, not in the queue. */
  backlogged: number;
  receives: number;
  /** How late timers were in this process at the worst, in ms: slots are, then, too. */
  lateMs: number;
}

const ACCOUNT = 'AC0191e1807d607000a1b2c3d4e5f60718';
const { channel } = readSpec('whatsapp-cloud');
const context = {
  address: '15550001111',
  secrets: { token: 'token', appSecret: 'secret', verifyToken: 'verify' },
};

/**
 * Has a sender's messages accepted, then delivers them all.
 * @param workers functions that deliver at the same time, each with a memory of its own
 */
export async function drain(
  count: number,
  rate: Rate,
  workers: number,
  { signal, onProgress }: { signal: AbortSignal; onProgress(left: number): void },
): Promise<DrainResult> {
  // Imported when the environment names the emulator.
  const { send } = await import('../../lambdas/platform/http.ts');
  const parts = await import('./parts.ts');
  const workerData: ProviderLimit = { ...rate, answerMs: ANSWER_MS };
  const provider = new Worker(new URL('./provider.worker.ts', import.meta.url), { workerData });
  const [port] = (await once(provider, 'message')) as [number];
  const fields = { phoneNumberId: '1', wabaId: '2', version: 'v25.0', url: `http://127.0.0.1:${port}` };
  const sender: Sender = {
    sid: newSid('XE', Date.now()),
    accountSid: ACCOUNT,
    channel: channel.name,
    address: context.address,
    status: 'ONLINE',
    fields,
    secretId: '',
    webhookSecretHash: '',
    webhook: { callbackMethod: 'POST', fallbackMethod: 'POST' },
    rate,
    dateCreated: '',
    dateUpdated: '',
  };
  const queue = new Queue();
  const accepted = await parts.accept(sender, channel, numbersFrom(15_560_000_000, count), queue);
  const contacts = new Map(accepted.map(({ sid, to }) => [sid, to]));

  /** One message: its claim, its request, its record. What the store takes is waited for; it keeps nothing here. */
  const deliver = async ({ messageSid }: OutboundTask): Promise<Handled> => {
    const to = contacts.get(messageSid);
    if (to === undefined) return done;
    await delay(TABLE_MS);
    const message = {
      sid: messageSid,
      accountSid: ACCOUNT,
      channel: channel.name,
      from: sender.address,
      to,
      body: 'Hi',
    };
    const [request] = await channel.render(message, { ...context, fields });
    if (!request) throw new Error('The message has no request.');
    const answer = await send(request, { addresses: { allowLoopback: true, allowPrivate: true }, timeoutMs: 10_000 });
    if (answer.status === 429) return again(1);
    if (answer.status !== 200) throw new Error(`The provider answered ${answer.status}.`);
    await delay(TABLE_MS);
    contacts.delete(messageSid);
    return done;
  };
  const lateness = monitorEventLoopDelay({ resolution: 1 });
  lateness.enable();
  const isDone = () => contacts.size === 0 || signal.aborted;
  const working = Array.from({ length: workers }, async () => {
    const batch = parts.deliverer(sender, channel, queue, deliver);
    while (!isDone()) {
      const records = await queue.receive();
      if (records.length === 0) continue;
      const failed = new Set(await batch(records));
      await queue.delete(records.map(({ messageId }) => messageId).filter((id) => !failed.has(id)));
    }
  });
  const sweeper = parts.releaserInto(queue);
  const timers = [
    setInterval(() => onProgress(contacts.size), 10_000),
    // What the sweep does, in case that nobody who delivers released what waits.
    setInterval(() => void sweeper.release({ accountSid: ACCOUNT, senderSid: sender.sid }, rate), SWEEP_MS),
  ];
  await Promise.all(working);
  for (const timer of timers) clearInterval(timer);
  signal.throwIfAborted();
  provider.postMessage('done');
  const [log] = (await once(provider, 'message')) as [ProviderLog];
  await provider.terminate();
  const backlogged = accepted.filter((one) => one.backlogged).length;
  return { ...log, backlogged, receives: queue.receives, lateMs: lateness.max / 1_000_000 };
}
