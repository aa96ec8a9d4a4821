import { GetCommand, PutCommand } from '@aws-sdk/lib-dynamodb';
import { dynamo } from '../clients.ts';
import { idKey } from '../table.ts';

/** How long a channel's message id is remembered, in seconds: a status may come late, a reply later still. */
const LIFETIME = 30 * 24 * 3_600;

/** Pointers from a channel's message ids to ours. */
export class MessageIdStore {
  readonly #table: string;

  constructor(table: string) {
    this.#table = table;
  }

  async remember(senderSid: string, channelMessageId: string, messageSid: string, now: number): Promise<void> {
    await dynamo.send(
      new PutCommand({
        TableName: this.#table,
        Item: { ...idKey(senderSid, channelMessageId), messageSid, ttl: Math.floor(now / 1_000) + LIFETIME },
      }),
    );
  }

  /** Our SID for the message; undefined when it is not known (yet). */
  async find(senderSid: string, channelMessageId: string): Promise<string | undefined> {
    const { Item } = await dynamo.send(
      new GetCommand({ TableName: this.#table, Key: idKey(senderSid, channelMessageId), ConsistentRead: true }),
    );
    return Item && String(Item['messageSid']);
  }
}
