import { GetCommand, PutCommand } from '@aws-sdk/lib-dynamodb';
import * as z from 'zod';
import { dynamo } from '../clients.ts';
import { idempotencyKey, unlessConditionFails } from '../table.ts';

const recordSchema = z.object({ sid: z.string(), requestHash: z.string() });
/** What the first request with a key asked for (`requestHash`) and the SID its message got. */
export type IdempotencyRecord = z.infer<typeof recordSchema>;

/** How long a key is remembered, in seconds: longer than any client retries. */
const LIFETIME = 24 * 3_600;

/** Remembers, per account, which message a client's idempotency key stands for. */
export class IdempotencyStore {
  readonly #table: string;

  constructor(table: string) {
    this.#table = table;
  }

  /** Claims `key` for `record`; answers the record that has it, which is the first one's. */
  async claim(accountSid: string, key: string, record: IdempotencyRecord): Promise<IdempotencyRecord> {
    const now = Math.floor(Date.now() / 1_000);
    const Key = idempotencyKey(accountSid, key);
    const written = await unlessConditionFails(
      dynamo.send(
        new PutCommand({
          TableName: this.#table,
          Item: { ...Key, ...record, ttl: now + LIFETIME },
          ConditionExpression: 'attribute_not_exists(pk) OR #ttl < :now',
          ExpressionAttributeNames: { '#ttl': 'ttl' },
          ExpressionAttributeValues: { ':now': now },
        }),
      ),
    );
    if (written) return record;
    return (await this.find(accountSid, key)) ?? record;
  }

  /** What `key` was claimed for; undefined when it was not, or long ago. */
  async find(accountSid: string, key: string): Promise<IdempotencyRecord | undefined> {
    const { Item } = await dynamo.send(
      new GetCommand({ TableName: this.#table, Key: idempotencyKey(accountSid, key), ConsistentRead: true }),
    );
    return Item && recordSchema.parse(Item);
  }
}
