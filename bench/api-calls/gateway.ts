import { createHash } from 'node:crypto';
import process from 'node:process';
import { SQSClient } from '@aws-sdk/client-sqs';
import type { Context, SQSBatchResponse } from 'aws-lambda';
import { newSid } from '../../lambdas/domain/sid.ts';
import { LEASE_MS } from '../../lambdas/outbound/attempt.ts';
import { toEvent } from '../../local/http-api/event.ts';
import { call } from '../../test/support/api.ts';
import { ROOT_ACCOUNT_SID } from '../../test/support/aws.ts';
import type { Backend } from './backend.child.ts';
import { type CallCounter, countRequests, type Service } from './counter.ts';
import { takeAll } from './poller.ts';
import type { SentMessage, Traffic } from './traffic.ts';

/** One invocation of a function that was warm. */
export interface Invocation {
  name: string;
  /** Of what was sent meanwhile. */
  channel: string;
  /** Of a queue's entries; 1 for a function that is called with a request. */
  batchSize: number;
  /** CPU time in ms, user and system, all threads. */
  cpuMs: number;
  /** The AWS calls that were waited for one after the other. */
  sequential: Service[];
}

/** A sender, and what can be done with its messages; everything is counted. */
export interface CountedSender {
  /** The API takes a message; answers its SID. */
  accept(contact: string, body: string, statusCallback?: string): Promise<string>;
  /** The provider tells of a status. */
  tell(status: string, message: SentMessage): Promise<void>;
  /** The contact has just written. */
  openWindow(contact: string): Promise<void>;
}

const WEBHOOK_SECRET = 'bench-webhook-secret';
type Handler = (event: never, context: Context) => Promise<unknown>;

/**
 * The gateway's functions in this process, one invocation at a time, called as Lambda would, with what they call in another one.
 * Sets this process's environment, which the functions read when they are imported: use it once.
 */
export async function startCountedGateway(backend: Backend, counter: CallCounter) {
  const logs = { bytes: 0 };
  Object.assign(process.env, backend.environment, {
    LEASE_SECONDS: String(LEASE_MS / 1_000),
    GATEWAY_URL: 'https://gateway.example',
    POWERTOOLS_LOG_LEVEL: 'INFO',
  });
  // Imported when the environment names the emulators.
  const [
    clients,
    api,
    deliver,
    webhook,
    notify,
    { SenderStore },
    { SenderSecrets },
    { WindowStore },
    { MessageStore },
  ] = await Promise.all([
    import('../../lambdas/platform/clients.ts'),
    import('../../lambdas/api/api.lambda.ts'),
    import('../../lambdas/outbound/deliver.lambda.ts'),
    import('../../lambdas/inbound/webhook.lambda.ts'),
    import('../../lambdas/callbacks/notify.lambda.ts'),
    import('../../lambdas/platform/stores/senders.ts'),
    import('../../lambdas/platform/sender-secrets.ts'),
    import('../../lambdas/platform/stores/windows.ts'),
    import('../../lambdas/platform/stores/messages.ts'),
  ]);
  const pollers = new SQSClient({});
  countRequests(clients.dynamo, 'DynamoDB', counter);
  countRequests(clients.sqs, 'SQS', counter);
  countRequests(clients.secretsManager, 'Secrets Manager', counter);
  countRequests(pollers, 'SQS', counter, ' (poller)');

  const table = process.env['TABLE_NAME'] ?? '';
  const messages = new MessageStore(table);
  const invocations: Invocation[] = [];
  const sending = { channel: '' };

  /** Runs one function; its log lines are counted, not printed. */
  const invoke = async (name: string, batchSize: number, run: () => Promise<unknown>): Promise<unknown> => {
    counter.by = name;
    counter.add('Lambda', name);
    counter.takeSequential();
    const write = process.stdout.write;
    process.stdout.write = ((line: string | Uint8Array) => {
      logs.bytes += line.length;
      return true;
    }) as typeof process.stdout.write;
    const before = process.cpuUsage();
    try {
      return await run();
    } finally {
      const { user, system } = process.cpuUsage(before);
      process.stdout.write = write;
      const cpuMs = (user + system) / 1_000;
      invocations.push({ name, ...sending, batchSize, cpuMs, sequential: counter.takeSequential() });
    }
  };
  const context = { getRemainingTimeInMillis: () => 60_000 } as Context;
  const timed = (name: string, handler: Handler) => async (event: unknown) =>
    (await invoke(name, 1, () => handler(event as never, context))) as { statusCode?: number };
  const take = (queue: string, name: string, handler: Handler, batchSize: number) => {
    counter.by = name;
    return takeAll(pollers, process.env[`${queue}_QUEUE_URL`] ?? '', batchSize, async (event) => {
      return (await invoke(name, batchSize, () => handler(event as never, context))) as SQSBatchResponse;
    });
  };

  /** Not counted: a sender is connected once. */
  const createSender = async (traffic: Traffic, address: string): Promise<CountedSender> => {
    const secrets = new SenderSecrets(process.env['SENDER_SECRET_PREFIX'] ?? '');
    const windows = new WindowStore(table);
    const sid = newSid('XE', Date.now());
    const secretId = secrets.idFor(sid);
    const at = new Date().toISOString();
    const { channel, fields, secret } = traffic;
    await secrets.create(secretId, { ...secret, webhookSecret: WEBHOOK_SECRET });
    await new SenderStore(table).create({
      sid,
      accountSid: ROOT_ACCOUNT_SID,
      channel,
      address,
      status: 'ONLINE',
      fields,
      secretId,
      webhookSecretHash: createHash('sha256').update(WEBHOOK_SECRET).digest('hex'),
      webhook: { callbackMethod: 'POST', fallbackMethod: 'POST' },
      dateCreated: at,
      dateUpdated: at,
    });
    return {
      openWindow: (contact) => windows.open(sid, contact, Date.now()),
      async accept(contact, body, statusCallback) {
        sending.channel = channel;
        const form: [string, string][] = [
          ['From', `whatsapp:+${address}`],
          ['To', `whatsapp:+${contact}`],
          ['Body', body],
          ...(statusCallback === undefined ? [] : ([['StatusCallback', statusCallback]] as [string, string][])),
        ];
        const path = `/2010-04-01/Accounts/${ROOT_ACCOUNT_SID}/Messages.json`;
        const answer = await call(timed('Api', api.handler as Handler), { method: 'POST', path, form });
        if (answer.status !== 201) throw new Error(`Api answered ${answer.status}: ${JSON.stringify(answer.body)}`);
        return String(answer.body['sid']);
      },
      async tell(status, message) {
        const { body, headers } = traffic.webhook(status, message);
        const path = { channel, accountSid: ROOT_ACCOUNT_SID, senderSid: sid, secret: WEBHOOK_SECRET };
        const event = toEvent(
          {
            method: 'POST',
            target: `/webhooks/${Object.values(path).join('/')}`,
            rawHeaders: Object.entries({
              Host: 'gateway.example',
              'Content-Type': 'application/json',
              ...headers,
            }).flat(),
            body: Buffer.from(body),
            sourceIp: '192.0.2.1',
            port: 443,
          },
          { apiId: 'api', routeKey: '$default', pathParameters: path },
        );
        const { statusCode } = await timed('Webhook', webhook.handler as Handler)(event);
        if (statusCode !== 200) throw new Error(`Webhook answered ${statusCode}.`);
      },
    };
  };

  return {
    createSender,
    invocations,
    logs,
    /** Has everything in `outbound.fifo` delivered, in batches. */
    deliver: (batchSize: number) => take('OUTBOUND', 'Deliver', deliver.handler as Handler, batchSize),
    /** Has everything in `callbacks.fifo` posted, in batches. */
    notify: (batchSize: number) => take('CALLBACKS', 'Notify', notify.handler as Handler, batchSize),
    message: (sid: string) => messages.get(ROOT_ACCOUNT_SID, sid),
    stop(): void {
      for (const client of [clients.dynamo, clients.sqs, clients.secretsManager, pollers]) client.destroy();
    },
  };
}

export type CountedGateway = Awaited<ReturnType<typeof startCountedGateway>>;
