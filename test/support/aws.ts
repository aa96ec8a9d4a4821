import { ReceiveMessageCommand } from '@aws-sdk/client-sqs';
import { CREDENTIALS, REGION } from '../../local/aws.ts';
import { DynamoDb } from '../../local/dynamodb.ts';
import { SecretsManager } from '../../local/secrets/server.ts';
import { Sqs } from '../../local/sqs.ts';

/** The names of the queues, and of their environment variables without `_QUEUE_URL` and `_DLQ_URL`. */
const QUEUES = ['OUTBOUND', 'INBOUND', 'CALLBACKS'] as const;
type Queue = `${(typeof QUEUES)[number]}_${'QUEUE' | 'DLQ'}_URL`;

export const ROOT_ACCOUNT_SID = `AC${'0'.repeat(32)}`;
export const MASTER_KEY = 'master-key-of-the-tests';

/** The gateway's state machines, by their variables; no test starts one unless it serves Step Functions itself. */
export const STATE_MACHINES = Object.fromEntries(
  ['RegisterDevice', 'RegisterCloudNumber', 'UpdateNumber', 'RetireNumber'].map((name) => [
    `${name.replace(/(?<=[a-z])(?=[A-Z])/g, '_').toUpperCase()}_STATE_MACHINE_ARN`,
    `arn:aws:states:${REGION}:000000000000:stateMachine:${name}`,
  ]),
);

/** DynamoDB, SQS and Secrets Manager in this process, with the gateway's table, queues and master key. */
export interface TestAws {
  dynamo: DynamoDb;
  sqs: Sqs;
  secrets: SecretsManager;
  /** Every item in the table. */
  items(): Promise<Record<string, unknown>[]>;
  /** The bodies (parsed) of the messages a queue holds; they stay in flight afterwards. */
  drain(queue: Queue): Promise<unknown[]>;
  stop(): Promise<void>;
}

/**
 * Starts them and points `process.env` at them. Await it before importing anything that reads the environment:
 * `const aws = await startAws(); const { handler } = await import('…lambda.ts');`
 */
export async function startAws(): Promise<TestAws> {
  const [dynamo, sqs, secrets] = await Promise.all([DynamoDb.start(), Sqs.start(), SecretsManager.start()]);
  const table = await dynamo.createTable('switchboard', {
    KeySchema: [
      { AttributeName: 'pk', KeyType: 'HASH' },
      { AttributeName: 'sk', KeyType: 'RANGE' },
    ],
    AttributeDefinitions: [
      { AttributeName: 'pk', AttributeType: 'S' },
      { AttributeName: 'sk', AttributeType: 'S' },
    ],
  });
  for (const name of QUEUES) {
    const properties = { FifoQueue: true, VisibilityTimeout: 30 };
    process.env[`${name}_QUEUE_URL`] = (await sqs.createQueue(name.toLowerCase(), properties)).ref;
    process.env[`${name}_DLQ_URL`] = (await sqs.createQueue(`${name.toLowerCase()}-dlq`, properties)).ref;
  }
  secrets.store.create('master-key', MASTER_KEY);
  Object.assign(process.env, {
    AWS_REGION: REGION,
    AWS_ACCESS_KEY_ID: CREDENTIALS.accessKeyId,
    AWS_SECRET_ACCESS_KEY: CREDENTIALS.secretAccessKey,
    AWS_ENDPOINT_URL_DYNAMODB: dynamo.url,
    AWS_ENDPOINT_URL_SQS: sqs.url,
    AWS_ENDPOINT_URL_SECRETS_MANAGER: secrets.url,
    TABLE_NAME: table.ref,
    MASTER_KEY_SECRET_ID: 'master-key',
    SENDER_SECRET_PREFIX: 'senders/',
    MEDIA_BUCKET_NAME: 'media',
    ...STATE_MACHINES,
    ROOT_ACCOUNT_SID,
    GATEWAY_URL: 'https://gateway.example',
    ALLOW_LOOPBACK_URLS: 'true',
    LEASE_SECONDS: '30',
    POWERTOOLS_LOG_LEVEL: 'SILENT',
  });
  return {
    dynamo,
    sqs,
    secrets,
    items: () => dynamo.items(),
    async drain(queue) {
      const bodies: unknown[] = [];
      for (;;) {
        const { Messages = [] } = await sqs.client.send(
          new ReceiveMessageCommand({ QueueUrl: process.env[queue], MaxNumberOfMessages: 10 }),
        );
        if (Messages.length === 0) return bodies;
        bodies.push(...Messages.map(({ Body }): unknown => JSON.parse(Body ?? 'null')));
      }
    },
    async stop() {
      await Promise.all([dynamo.stop(), sqs.stop(), secrets.stop()]);
    },
  };
}
