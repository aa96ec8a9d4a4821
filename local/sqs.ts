import {
  CreateQueueCommand,
  GetQueueAttributesCommand,
  type QueueAttributeName,
  SetQueueAttributesCommand,
  SQSClient,
} from '@aws-sdk/client-sqs';
import { buildApp } from 'fauxqs';
import { z } from 'zod';
import { ACCOUNT_ID, CREDENTIALS, REGION } from './aws.ts';
import type { Calls } from './protocol/calls.ts';

const flag = z.union([z.boolean(), z.stringbool()]);

/** The properties of a queue that change how it behaves; encryption and policies change nothing on one machine. */
export const queueSchema = z.object({
  FifoQueue: flag.optional(),
  ContentBasedDeduplication: flag.optional(),
  DeduplicationScope: z.string().optional(),
  FifoThroughputLimit: z.string().optional(),
  DelaySeconds: z.coerce.number().optional(),
  MaximumMessageSize: z.coerce.number().optional(),
  MessageRetentionPeriod: z.coerce.number().optional(),
  ReceiveMessageWaitTimeSeconds: z.coerce.number().optional(),
  VisibilityTimeout: z.coerce.number().optional(),
  RedrivePolicy: z.object({ deadLetterTargetArn: z.string(), maxReceiveCount: z.coerce.number() }).optional(),
});

/** How many messages a queue holds, by state. */
export interface QueueDepth {
  visible: number;
  inFlight: number;
  delayed: number;
}

/** SQS in memory. Unlike SQS it hands out one message per group and receive. */
export class Sqs {
  readonly url: string;
  /** For the event source mappings, which receive and delete as Lambda's pollers do. */
  readonly client: SQSClient;
  readonly #app: ReturnType<typeof buildApp>;

  private constructor(app: ReturnType<typeof buildApp>, url: string) {
    this.#app = app;
    this.url = url;
    this.client = new SQSClient({ endpoint: url, region: REGION, credentials: CREDENTIALS });
  }

  /** @param calls counts what it is asked, by event source mappings too */
  static async start(calls?: Calls): Promise<Sqs> {
    // fauxqs's own start function would listen on every interface.
    const app = buildApp({ logger: false, defaultRegion: REGION });
    const url = await app.listen({ host: '127.0.0.1', port: 0 });
    calls?.watch('SQS', app.server);
    return new Sqs(app, url);
  }

  async createQueue(
    name: string,
    properties: unknown,
  ): Promise<{ ref: string; attributes: { Arn: string; QueueName: string; QueueUrl: string } }> {
    const { RedrivePolicy, ...plain } = queueSchema.parse(properties);
    const attributes: Partial<Record<QueueAttributeName, string>> = {};
    if (RedrivePolicy) attributes.RedrivePolicy = JSON.stringify(RedrivePolicy);
    for (const [key, value] of Object.entries(plain)) attributes[key as QueueAttributeName] = String(value);
    const fullName = plain.FifoQueue ? `${name}.fifo` : name;
    await this.client.send(new CreateQueueCommand({ QueueName: fullName, Attributes: attributes }));
    const arn = `arn:aws:sqs:${REGION}:${ACCOUNT_ID}:${fullName}`;
    return { ref: this.queueUrl(arn), attributes: { Arn: arn, QueueName: fullName, QueueUrl: this.queueUrl(arn) } };
  }

  /** fauxqs names its queues by a host that resolves nowhere, but finds them by the last part of any URL. */
  queueUrl(arn: string): string {
    return `${this.url}/${ACCOUNT_ID}/${arn.split(':').at(-1)}`;
  }

  async setVisibilityTimeout(queueUrl: string, seconds: number): Promise<void> {
    const Attributes = { VisibilityTimeout: String(seconds) };
    await this.client.send(new SetQueueAttributesCommand({ QueueUrl: queueUrl, Attributes }));
  }

  async depth(queueUrl: string): Promise<QueueDepth> {
    const { Attributes } = await this.client.send(
      new GetQueueAttributesCommand({ QueueUrl: queueUrl, AttributeNames: ['All'] }),
    );
    return {
      visible: Number(Attributes?.['ApproximateNumberOfMessages']),
      inFlight: Number(Attributes?.['ApproximateNumberOfMessagesNotVisible']),
      delayed: Number(Attributes?.['ApproximateNumberOfMessagesDelayed']),
    };
  }

  async stop(): Promise<void> {
    this.client.destroy();
    // Clients keep their connections open and long polls wait for up to 20 s: neither may hold up the end.
    this.#app.server.closeAllConnections();
    await this.#app.close();
  }
}
