import {
  ChangeMessageVisibilityBatchCommand,
  DeleteMessageBatchCommand,
  type Message,
  ReceiveMessageCommand,
  type SQSClient,
} from '@aws-sdk/client-sqs';
import type { SQSRecord } from 'aws-lambda';
import { z } from 'zod';
import { REGION } from '../aws.ts';
import type { LambdaFunction } from './function.ts';

/** Lambda's pollers wait this long for a first message. */
const LONG_POLL_SECONDS = 20;

type Target = Pick<LambdaFunction, 'invoke' | 'maximumConcurrency'>;

export interface EventSourceConfiguration {
  queueUrl: string;
  queueArn: string;
  batchSize: number;
  maximumConcurrency: number;
  reportBatchItemFailures: boolean;
}

const partialAnswerSchema = z.object({
  batchItemFailures: z.array(z.object({ itemIdentifier: z.string().min(1) })).nullish(),
});

/**
 * An SQS event source mapping: receives batches, hands them to the function, and deletes what the function is done
 * with. What failed is left alone: its visibility is what the function made it, or else the queue's.
 */
export class EventSource {
  readonly #client: SQSClient;
  readonly #function: Target;
  readonly #configuration: EventSourceConfiguration;
  readonly #stopping = new AbortController();
  readonly #inHand = new Set<Promise<void>>();
  /** Receipt handles of what failed and is waiting for its visibility to end, by message id. */
  readonly #leftAlone = new Map<string, string>();
  #polling: Promise<void> | undefined;

  constructor(client: SQSClient, target: Target, configuration: EventSourceConfiguration) {
    this.#client = client;
    this.#function = target;
    this.#configuration = configuration;
  }

  start(): void {
    this.#polling = this.#poll();
  }

  /** Stops receiving. A batch in hand stays with the function, which is stopped after its sources. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#polling;
  }

  /** Makes what failed visible now: what waiting for the end of its visibility timeout would do. For tests. */
  async redeliver(): Promise<void> {
    const handles = [...this.#leftAlone.values()];
    this.#leftAlone.clear();
    for (let index = 0; index < handles.length; index += 10) {
      const Entries = handles
        .slice(index, index + 10)
        .map((ReceiptHandle, id) => ({ Id: String(id), ReceiptHandle, VisibilityTimeout: 0 }));
      await this.#client.send(
        new ChangeMessageVisibilityBatchCommand({ QueueUrl: this.#configuration.queueUrl, Entries }),
      );
    }
  }

  async #poll(): Promise<void> {
    const { maximumConcurrency } = this.#configuration;
    const limit = Math.min(maximumConcurrency, this.#function.maximumConcurrency);
    while (!this.#stopping.signal.aborted) {
      if (this.#inHand.size >= limit) {
        await Promise.race(this.#inHand);
        continue;
      }
      const messages = await this.#receive();
      if (messages.length === 0) continue;
      const batch = this.#handle(messages).finally(() => this.#inHand.delete(batch));
      this.#inHand.add(batch);
    }
  }

  async #receive(): Promise<Message[]> {
    const { queueUrl, batchSize } = this.#configuration;
    const receive = new ReceiveMessageCommand({
      QueueUrl: queueUrl,
      MaxNumberOfMessages: batchSize,
      WaitTimeSeconds: LONG_POLL_SECONDS,
      MessageAttributeNames: ['All'],
      MessageSystemAttributeNames: ['All'],
    });
    const answer = await this.#unlessStopping(() => this.#client.send(receive, { abortSignal: this.#stopping.signal }));
    return answer?.Messages ?? [];
  }

  /** While stopping, a request that fails is no news. */
  async #unlessStopping<Answer>(request: () => Promise<Answer>): Promise<Answer | undefined> {
    try {
      return await request();
    } catch (error) {
      if (this.#stopping.signal.aborted) return undefined;
      throw error;
    }
  }

  async #handle(messages: Message[]): Promise<void> {
    const failed = await this.#failedOf(messages);
    const done = messages.filter(({ MessageId = '' }) => !failed.has(MessageId));
    for (const { MessageId = '', ReceiptHandle = '' } of messages) {
      if (failed.has(MessageId)) this.#leftAlone.set(MessageId, ReceiptHandle);
      else this.#leftAlone.delete(MessageId);
    }
    if (done.length === 0) return;
    const Entries = done.map(({ ReceiptHandle }, index) => ({ Id: String(index), ReceiptHandle }));
    const finished = new DeleteMessageBatchCommand({ QueueUrl: this.#configuration.queueUrl, Entries });
    await this.#unlessStopping(() => this.#client.send(finished));
  }

  /** The message ids to keep: all of them when the function failed, or answered what Lambda cannot make sense of. */
  async #failedOf(messages: Message[]): Promise<Set<string>> {
    const all = new Set(messages.map(({ MessageId = '' }) => MessageId));
    let answer: unknown;
    try {
      answer = await this.#function.invoke({ Records: messages.map((message) => this.#record(message)) });
    } catch {
      // The function has logged why it failed; here it only means that nothing of the batch is done.
      return all;
    }
    if (!this.#configuration.reportBatchItemFailures || answer === null || answer === '') return new Set();
    const parsed = partialAnswerSchema.safeParse(answer);
    if (!parsed.success) return all;
    const failed = (parsed.data.batchItemFailures ?? []).map(({ itemIdentifier }) => itemIdentifier);
    return failed.every((id) => all.has(id)) ? new Set(failed) : all;
  }

  #record(message: Message): SQSRecord {
    const messageAttributes: SQSRecord['messageAttributes'] = {};
    for (const [name, { DataType, StringValue, BinaryValue }] of Object.entries(message.MessageAttributes ?? {})) {
      messageAttributes[name] = {
        dataType: DataType ?? 'String',
        stringListValues: [],
        binaryListValues: [],
        ...(StringValue !== undefined && { stringValue: StringValue }),
        ...(BinaryValue !== undefined && { binaryValue: Buffer.from(BinaryValue).toString('base64') }),
      };
    }
    return {
      messageId: message.MessageId ?? '',
      receiptHandle: message.ReceiptHandle ?? '',
      body: message.Body ?? '',
      attributes: message.Attributes as unknown as SQSRecord['attributes'],
      messageAttributes,
      md5OfBody: message.MD5OfBody ?? '',
      ...(message.MD5OfMessageAttributes && { md5OfMessageAttributes: message.MD5OfMessageAttributes }),
      eventSource: 'aws:sqs',
      eventSourceARN: this.#configuration.queueArn,
      awsRegion: REGION,
    };
  }
}
