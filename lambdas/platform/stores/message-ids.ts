import { GetCommand, PutCommand } from '@aws-sdk/lib-dynamodb';
import { dynamo } from '../clients.ts';
import { idKey } from '../table.ts';

/** How long a channel's message id is remembered, in seconds: a status may come late, a reply later still. */
const LIFETIME = 30 * 24 * 3_600;

/** The message that a channel's id stands for, or one part of it that is not the last. */
export interface MessagePointer {
  messageSid: string;
  isEarlierPart: boolean;
}

/** Pointers from a channel's message ids to ours. */
export class MessageIdStore {
  readonly #table: string;

  constructor(table: string) {
    this.#table = table;
  }

  async remember(
    senderSid: string,
    channelMessageId: string,
    messageSid: string,
    now: number,
    isEarlierPart = false,
  ): Promise<void> {
    await dynamo.send(
      new PutCommand({
        TableName: this.#table,
        Item: {
          ...idKey(senderSid, channelMessageId),
          messageSid,
          ...(isEarlierPart && { isEarlierPart }),
          ttl: Math.floor(now / 1_000) + LIFETIME,
        },
      }),
    );
  }

  /** Undefined when the id is not known (yet). */
  async find(senderSid: string, channelMessageId: string): Promise<MessagePointer | undefined> {
    // It never changes, so the cheaper read is right whenever it finds it.
    return (await this.#read(senderSid, channelMessageId, false)) ?? this.#read(senderSid, channelMessageId, true);
  }

  async #read(
    senderSid: string,
    channelMessageId: string,
    ConsistentRead: boolean,
  ): Promise<MessagePointer | undefined> {
    const Key = idKey(senderSid, channelMessageId);
    const { Item } = await dynamo.send(new GetCommand({ TableName: this.#table, Key, ConsistentRead }));
    return Item && { messageSid: String(Item['messageSid']), isEarlierPart: Item['isEarlierPart'] === true };
  }
}
