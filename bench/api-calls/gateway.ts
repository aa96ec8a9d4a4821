import { rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import { SQSClient } from '@aws-sdk/client-sqs';
import type { Context, SQSBatchResponse } from 'aws-lambda';
import { Customer } from '../../local/customer.ts';
import { HttpApi } from '../../local/http-api/server.ts';
import { close, listen } from '../../local/listen.ts';
import { startSimulator } from '../../simulators/whatsapp/simulator.ts';
import { tokenOf } from '../../test/support/api.ts';
import { ROOT_ACCOUNT_SID, startAws } from '../../test/support/aws.ts';
import { bundleChannels } from '../../test/support/channels.ts';
import type { Access } from '../support/client.ts';
import { control } from '../support/simulator.ts';
import { type CallCounter, countRequests } from './counter.ts';
import { takeAll } from './poller.ts';

const SENDER = '15550001111';
const PASSWORD = 'Benchmark-1-device!';

/** Statuses come after every message of a batch has been recorded, as they do from a phone far away. */
const STATUS_DELAYS_MS = { sent: 1_000, delivered: 1_500, read: 2_000 };

type Queue = 'OUTBOUND' | 'INBOUND' | 'CALLBACKS';
type Handler = (event: never, context: Context) => Promise<unknown>;

/** The gateway's functions in this process, called as Lambda would; around them emulators and a simulated device. */
export interface CountedGateway extends Access {
  /** As in messages. */
  sender: string;
  /** A customer's URL for status callbacks. */
  statusCallbackUrl: string;
  /** The contact writes, which opens the window. */
  write(contact: string): Promise<void>;
  /** Webhooks answered, and callbacks received, so far. */
  seen(): { webhooks: number; callbacks: number };
  /** Has everything in `outbound.fifo` delivered, in batches. */
  deliver(batchSize: number): Promise<void>;
  /** Has everything in `callbacks.fifo` posted, in batches. */
  notify(batchSize: number): Promise<void>;
  /** How many events could not be applied when they came. */
  postponed(): Promise<number>;
  /** Every item in the table. */
  items(): Promise<Record<string, unknown>[]>;
  stop(): Promise<void>;
}

/** Starts it with one sender, everything counted by `counter`. */
export async function startCountedGateway(counter: CallCounter): Promise<CountedGateway> {
  const seen = { webhooks: 0, callbacks: 0 };
  const aws = await startAws();
  const channels = bundleChannels();
  const customer = createServer((_request, response) => {
    seen.callbacks += 1;
    response.writeHead(204).end();
  });
  const [simulator, httpApi, customerPort] = await Promise.all([
    startSimulator({ numbers: [SENDER], adminPassword: PASSWORD, statusDelaysMs: STATUS_DELAYS_MS }),
    HttpApi.start(0),
    listen(customer, 0),
  ]);

  // Imported when the environment names the emulators.
  const [clients, api, senders, deliver, webhook, notify] = await Promise.all([
    import('../../lambdas/platform/clients.ts'),
    import('../../lambdas/api/api.lambda.ts'),
    import('../../lambdas/senders/senders.lambda.ts'),
    import('../../lambdas/outbound/deliver.lambda.ts'),
    import('../../lambdas/inbound/webhook.lambda.ts'),
    import('../../lambdas/callbacks/notify.lambda.ts'),
  ]);
  const pollers = new SQSClient({});
  countRequests(clients.dynamo, 'DynamoDB', counter);
  countRequests(clients.sqs, 'SQS', counter);
  countRequests(clients.secretsManager, 'Secrets Manager', counter);
  countRequests(pollers, 'SQS', counter, ' (poller)');

  const invoke = async (name: string, handler: Handler, event: unknown): Promise<unknown> => {
    counter.add('Lambda', name);
    const context = { getRemainingTimeInMillis: () => 60_000 } as Context;
    // Events and answers are JSON on Lambda.
    return JSON.parse(JSON.stringify(await handler(JSON.parse(JSON.stringify(event)) as never, context)));
  };
  const route = (key: string, name: string, handler: Handler, answered = () => {}) => ({
    key,
    target: {
      timeoutMilliseconds: 30_000,
      function: {
        invoke(event: unknown) {
          counter.add('API Gateway', 'request');
          return invoke(name, handler, event).finally(answered);
        },
      },
    },
  });
  httpApi.open('api', [
    route('ANY /2010-04-01/{proxy+}', 'Api', api.handler),
    route('ANY /v2/Channels/Senders', 'Senders', senders.handler),
    route('ANY /webhooks/{channel}/{accountSid}/{senderSid}/{secret}', 'Webhook', webhook.handler, () => {
      seen.webhooks += 1;
    }),
  ]);
  const urlOf = (queue: Queue) => process.env[`${queue}_QUEUE_URL`] ?? '';
  const poll = (queue: Queue, batchSize: number, name: string, handler: Handler) =>
    takeAll(
      pollers,
      urlOf(queue),
      batchSize,
      async (event) => (await invoke(name, handler, event)) as SQSBatchResponse,
    );

  const access = { url: httpApi.url, accountSid: ROOT_ACCOUNT_SID, authToken: tokenOf(ROOT_ACCOUNT_SID) };
  await new Customer(access).registerWhatsApp(SENDER, `${simulator.url}/devices/${SENDER}`, PASSWORD);
  return {
    ...access,
    sender: `whatsapp:+${SENDER}`,
    statusCallbackUrl: `http://127.0.0.1:${customerPort}/status`,
    async write(contact) {
      await control(simulator.url, 'POST', `/contacts/${contact}/messages`, { body: { to: SENDER, text: 'Hello?' } });
    },
    seen: () => ({ ...seen }),
    deliver: (batchSize) => poll('OUTBOUND', batchSize, 'Deliver', deliver.handler),
    notify: (batchSize) => poll('CALLBACKS', batchSize, 'Notify', notify.handler),
    async postponed() {
      const { visible, inFlight } = await aws.sqs.depth(urlOf('INBOUND'));
      return visible + inFlight;
    },
    items: () => aws.items(),
    async stop() {
      await simulator.stop();
      await Promise.all([httpApi.stop(), close(customer)]);
      for (const client of [clients.dynamo, clients.sqs, clients.secretsManager, pollers]) client.destroy();
      await aws.stop();
      await rm(channels, { recursive: true });
    },
  };
}
