import { fork } from 'node:child_process';
import { once } from 'node:events';
import { rm } from 'node:fs/promises';
import process from 'node:process';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { Context, SQSBatchResponse, SQSEvent } from 'aws-lambda';
import { readSpec, specNames } from '../../lambdas/channels/read-yaml.ts';
import { newSid } from '../../lambdas/domain/sid.ts';
import type { OutboundTask } from '../../lambdas/domain/tasks.ts';
import { LEASE_MS } from '../../lambdas/outbound/attempt.ts';
import { readCases } from '../../test/contract/case-file.ts';
import { bundleChannels } from '../../test/support/channels.ts';
import { percentile } from '../support/percentile.ts';
import type { Backend } from './backend.child.ts';
import { fixtureOf } from './fixtures.ts';

/** Invocations per channel; the first ones warm up. */
const BATCHES = 16;
const WARM_UP = 6;
const ACCOUNT = 'AC0191e1807d607000a1b2c3d4e5f60718';

/** What a message costs a deliver function. */
export interface DeliverCpu {
  /** Messages in one invocation: ten, or as many as the channel lets go at once. */
  batch: number;
  /** CPU time per message in µs, user and system, all threads: the median over invocations. */
  microseconds: number;
}

/**
 * The CPU time of the deliver function's handler, in this process and warm, around it what it calls in another process: its
 * DynamoDB, SQS and HTTP requests are real, without TLS. Channels take turns, so that a busy moment of the machine meets all.
 * Sets this process's environment, which the function reads when it is imported: call it once.
 */
export async function deliverCpu(signal: AbortSignal): Promise<Map<string, DeliverCpu>> {
  const child = fork(fileURLToPath(new URL('./backend.child.ts', import.meta.url)), { signal });
  const ended = once(child, 'exit');
  const channels = bundleChannels();
  try {
    const [backend] = (await once(child, 'message', { signal })) as [Backend];
    Object.assign(process.env, backend.environment, { LEASE_SECONDS: String(LEASE_MS / 1_000) });
    return await measure(backend.providersUrl, signal);
  } finally {
    child.disconnect();
    await ended;
    await rm(channels, { recursive: true });
  }
}

async function measure(providersUrl: string, signal: AbortSignal): Promise<Map<string, DeliverCpu>> {
  const { handler } = await import('../../lambdas/outbound/deliver.lambda.ts');
  const senders = await Promise.all(specNames().map((name) => createSender(name, `${providersUrl}/${name}`)));
  const samples = new Map(senders.map(({ name }) => [name, [] as number[]]));
  // Until then every sender has paid for the slots of its last batch.
  const pace = Math.max(...senders.map(({ batch, perSecond }) => (batch * 1_000) / perSecond));
  for (let round = 0; round < BATCHES; round++) {
    const next = delay(pace * 1.05, undefined, { signal });
    for (const sender of senders) {
      const event = await sender.queue();
      const before = process.cpuUsage();
      const answer = (await handler(event, { getRemainingTimeInMillis: () => 60_000 } as Context)) as SQSBatchResponse;
      const { user, system } = process.cpuUsage(before);
      if (answer.batchItemFailures.length > 0) throw new Error(`${sender.name}: messages went back to the queue.`);
      await sender.expectSent();
      if (round >= WARM_UP) samples.get(sender.name)?.push((user + system) / sender.batch);
    }
    await next;
  }
  return new Map(
    senders.map(({ name, batch }) => [name, { batch, microseconds: percentile(samples.get(name) ?? [], 0.5) }]),
  );
}

/** A sender in the table, and a way to put messages of its there as the API does. */
async function createSender(name: string, url: string) {
  const [{ MessageStore }, { SenderStore }, { WindowStore }, { SenderSecrets }] = await Promise.all([
    import('../../lambdas/platform/stores/messages.ts'),
    import('../../lambdas/platform/stores/senders.ts'),
    import('../../lambdas/platform/stores/windows.ts'),
    import('../../lambdas/platform/sender-secrets.ts'),
  ]);
  const { spec, channel, file } = readSpec(name);
  const { sender: example, session } = readCases(file);
  const table = process.env['TABLE_NAME'] ?? '';
  const messages = new MessageStore(table);
  const windows = new WindowStore(table);
  const secrets = new SenderSecrets(process.env['SENDER_SECRET_PREFIX'] ?? '');
  const senderSid = newSid('XE', Date.now());
  const secretId = secrets.idFor(senderSid);
  const created = new Date().toISOString();
  const urls = Object.entries(spec.registration.fields).filter(([, { format }]) => format === 'url');
  await secrets.create(secretId, {
    secrets: example.secrets ?? {},
    webhookSecret: 'x',
    ...(session && { session: { ...session, expiresAt: new Date(Date.now() + 30 * 86_400_000).toISOString() } }),
  });
  await new SenderStore(table).create({
    sid: senderSid,
    accountSid: ACCOUNT,
    channel: name,
    address: example.address,
    status: 'ONLINE',
    fields: { ...example.fields, ...Object.fromEntries(urls.map(([field]) => [field, url])) },
    secretId,
    webhookSecretHash: '',
    webhook: { callbackMethod: 'POST', fallbackMethod: 'POST' },
    dateCreated: created,
    dateUpdated: created,
  });

  const { to } = fixtureOf(name);
  const { perSecond, burst } = channel.limits.rate;
  const batch = Math.max(1, Math.min(10, Math.floor(burst * 0.9), channel.window?.count ?? 10));
  let sids: string[] = [];
  return {
    name,
    batch,
    perSecond,
    /** Stores a batch of texts, their windows open; answers the event that a poller would bring. */
    async queue(): Promise<SQSEvent> {
      const at = Date.now();
      await windows.open(senderSid, to, at);
      sids = Array.from({ length: batch }, () => newSid('SM', at));
      for (const sid of sids) {
        await messages.insert({
          sid,
          accountSid: ACCOUNT,
          senderSid,
          channel: name,
          direction: 'outbound-api',
          from: example.address,
          to,
          body: 'Your order 4711 has left and will be with you tomorrow.',
          media: [],
          status: 'queued',
          statusCallback: 'https://customer.example.com/status',
          dateCreated: new Date(at).toISOString(),
          dateUpdated: new Date(at).toISOString(),
          attempt: 0,
          channelMessageIds: [],
          timeline: [{ at: new Date(at).toISOString(), event: 'queued', by: 'api' }],
        });
      }
      return { Records: sids.map((messageSid) => record({ accountSid: ACCOUNT, senderSid, messageSid })) };
    },
    /** Otherwise something else than a delivery was measured. */
    async expectSent(): Promise<void> {
      for (const sid of sids) {
        const message = await messages.get(ACCOUNT, sid);
        if (message?.status !== 'sent')
          throw new Error(`${name}: ${sid} is ${message?.status}, ${message?.errorMessage}.`);
      }
    },
  };
}

/** Each message is one of another conversation, so all go at the same time. */
function record(task: OutboundTask): SQSEvent['Records'][number] {
  return {
    messageId: task.messageSid,
    receiptHandle: task.messageSid,
    body: JSON.stringify(task),
    attributes: {
      ApproximateReceiveCount: '1',
      ApproximateFirstReceiveTimestamp: '0',
      SenderId: '',
      SentTimestamp: '0',
      MessageGroupId: task.messageSid,
    },
    messageAttributes: {},
    md5OfBody: '',
    eventSource: 'aws:sqs',
    eventSourceARN: '',
    awsRegion: '',
  };
}
