import { GetCommand, UpdateCommand } from '@aws-sdk/lib-dynamodb';
import { dynamo } from '../clients.ts';
import { unlessConditionFails, windowKey } from '../table.ts';

/** How long after a contact's last message the item is kept, in seconds: longer than any channel's window. */
const LIFETIME = 8 * 24 * 3_600;

/** When contacts last wrote to a sender. */
export class WindowStore {
  readonly #table: string;

  constructor(table: string) {
    this.#table = table;
  }

  /** Opens the window from `at` (ms since the epoch); an older message that arrives late never shortens it. */
  async open(senderSid: string, contact: string, at: number): Promise<void> {
    await unlessConditionFails(
      dynamo.send(
        new UpdateCommand({
          TableName: this.#table,
          Key: windowKey(senderSid, contact),
          UpdateExpression: 'SET lastInboundAt = :at, #ttl = :ttl',
          ConditionExpression: 'attribute_not_exists(lastInboundAt) OR lastInboundAt < :at',
          ExpressionAttributeNames: { '#ttl': 'ttl' },
          ExpressionAttributeValues: { ':at': at, ':ttl': Math.floor(at / 1_000) + LIFETIME },
        }),
      ),
    );
  }

  /** When the contact last wrote, in ms since the epoch. */
  async lastInboundAt(senderSid: string, contact: string): Promise<number | undefined> {
    const { Item } = await dynamo.send(
      new GetCommand({ TableName: this.#table, Key: windowKey(senderSid, contact), ConsistentRead: true }),
    );
    return Item ? Number(Item['lastInboundAt']) : undefined;
  }
}
