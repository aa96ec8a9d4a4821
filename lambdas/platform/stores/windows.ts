import { GetCommand, UpdateCommand } from '@aws-sdk/lib-dynamodb';
import { dynamo } from '../clients.ts';
import { unlessConditionFails, windowKey } from '../table.ts';

/** How long after a contact's last message the item is kept, in seconds: longer than any channel's window. */
const LIFETIME = 8 * 24 * 3_600;

/** How long a mark of what waits is kept where the contact never wrote, in seconds: longer than anything waits. */
const WAITING_LIFETIME = 2 * 24 * 3_600;

/** What is known of a contact when a message for it is accepted. */
export interface ContactState {
  /** When the contact last wrote, ms since the epoch. */
  lastInboundAt?: number;
  /** The place in the backlog of the newest of its messages that was put there. */
  waiting?: string;
}

/** When contacts last wrote to a sender, and where a channel counts it, what they were sent since. */
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
          // A new message of the contact's starts the count again.
          UpdateExpression: 'SET lastInboundAt = :at, #ttl = :ttl REMOVE sent',
          ConditionExpression: 'attribute_not_exists(lastInboundAt) OR lastInboundAt < :at',
          ExpressionAttributeNames: { '#ttl': 'ttl' },
          ExpressionAttributeValues: { ':at': at, ':ttl': Math.floor(at / 1_000) + LIFETIME },
        }),
      ),
    );
  }

  /**
   * When the contact last wrote, in ms since the epoch.
   * @param options.consistent false for half the price, and an answer that may be a moment old
   */
  async lastInboundAt(
    senderSid: string,
    contact: string,
    { consistent }: { consistent: boolean } = { consistent: true },
  ): Promise<number | undefined> {
    const { Item } = await dynamo.send(
      new GetCommand({ TableName: this.#table, Key: windowKey(senderSid, contact), ConsistentRead: consistent }),
    );
    return Item?.['lastInboundAt'] === undefined ? undefined : Number(Item['lastInboundAt']);
  }

  async contact(senderSid: string, contact: string): Promise<ContactState> {
    const { Item } = await dynamo.send(
      new GetCommand({ TableName: this.#table, Key: windowKey(senderSid, contact), ConsistentRead: true }),
    );
    return {
      ...(Item?.['lastInboundAt'] !== undefined && { lastInboundAt: Number(Item['lastInboundAt']) }),
      ...(Item?.['waiting'] !== undefined && { waiting: String(Item['waiting']) }),
    };
  }

  /** Marks that a message to the contact waits in the backlog, at a place in its order: those that follow must not pass it. */
  async markWaiting(senderSid: string, contact: string, order: string, now: number): Promise<void> {
    await unlessConditionFails(
      dynamo.send(
        new UpdateCommand({
          TableName: this.#table,
          Key: windowKey(senderSid, contact),
          UpdateExpression: 'SET waiting = :order, #ttl = if_not_exists(#ttl, :ttl)',
          ConditionExpression: 'attribute_not_exists(waiting) OR waiting < :order',
          ExpressionAttributeNames: { '#ttl': 'ttl' },
          ExpressionAttributeValues: { ':order': order, ':ttl': Math.floor(now / 1_000) + WAITING_LIFETIME },
        }),
      ),
    );
  }

  /**
   * Takes one of the messages that may be sent since the contact last wrote; false when there is none left. Taking the same
   * one again, on a further attempt, takes no second one.
   * @param key of the message, its SID and part
   */
  async take(senderSid: string, contact: string, key: string, count: number): Promise<boolean> {
    const taken = await unlessConditionFails(
      dynamo.send(
        new UpdateCommand({
          TableName: this.#table,
          Key: windowKey(senderSid, contact),
          UpdateExpression: 'ADD sent :one',
          ConditionExpression: 'attribute_not_exists(sent) OR contains(sent, :key) OR size(sent) < :count',
          ExpressionAttributeValues: { ':one': new Set([key]), ':key': key, ':count': count },
        }),
      ),
    );
    return taken !== undefined;
  }

  /** Gives back one that was taken and not sent. */
  async giveBack(senderSid: string, contact: string, key: string): Promise<void> {
    await dynamo.send(
      new UpdateCommand({
        TableName: this.#table,
        Key: windowKey(senderSid, contact),
        UpdateExpression: 'DELETE sent :one',
        ExpressionAttributeValues: { ':one': new Set([key]) },
      }),
    );
  }
}
