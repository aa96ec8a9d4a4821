import { PutCommand, QueryCommand, UpdateCommand } from '@aws-sdk/lib-dynamodb';
import { dynamo } from '../clients.ts';
import { sentKey } from '../table.ts';

/** How long a sent message is listed, in seconds: a contact may read it days later. */
const LIFETIME = 30 * 24 * 3_600;

/** A message that a contact was sent and that is not known to have been read. */
export interface SentMessage {
  messageSid: string;
  /** When it was sent, ms since the epoch. */
  at: number;
}

/**
 * What each contact was sent, in order of time. Kept only for channels that report statuses of all messages up to some time
 * instead of naming them.
 */
export class SentMessageStore {
  readonly #table: string;

  constructor(table: string) {
    this.#table = table;
  }

  async add(senderSid: string, contact: string, messageSid: string, at: number): Promise<void> {
    await dynamo.send(
      new PutCommand({
        TableName: this.#table,
        Item: {
          ...sentKey(senderSid, contact, at, messageSid),
          messageSid,
          at,
          ttl: Math.floor(at / 1_000) + LIFETIME,
        },
      }),
    );
  }

  /** What was sent up to a time and is not marked with the status, nor with `read`, after which nothing comes. Oldest first. */
  async until(senderSid: string, contact: string, before: number, status: string): Promise<SentMessage[]> {
    const found: SentMessage[] = [];
    let ExclusiveStartKey: Record<string, unknown> | undefined;
    do {
      const page = await dynamo.send(
        new QueryCommand({
          TableName: this.#table,
          KeyConditionExpression: 'pk = :pk AND sk BETWEEN :low AND :high',
          FilterExpression: 'attribute_not_exists(marked) OR NOT (marked IN (:status, :read))',
          ExpressionAttributeValues: {
            ':pk': sentKey(senderSid, contact, 0).pk,
            ':low': sentKey(senderSid, contact, 0).sk,
            // The first key of the next millisecond: everything of this one sorts before it.
            ':high': sentKey(senderSid, contact, before + 1).sk,
            ':status': status,
            ':read': 'read',
          },
          ConsistentRead: true,
          ...(ExclusiveStartKey && { ExclusiveStartKey }),
        }),
      );
      for (const item of page.Items ?? []) {
        found.push({ messageSid: String(item['messageSid']), at: Number(item['at']) });
      }
      ExclusiveStartKey = page.LastEvaluatedKey;
    } while (ExclusiveStartKey);
    return found;
  }

  /** Marks one with a status that was applied to it, so that it is not found for it again. */
  async mark(senderSid: string, contact: string, { messageSid, at }: SentMessage, status: string): Promise<void> {
    await dynamo.send(
      new UpdateCommand({
        TableName: this.#table,
        Key: sentKey(senderSid, contact, at, messageSid),
        UpdateExpression: 'SET marked = :status',
        ExpressionAttributeValues: { ':status': status },
      }),
    );
  }
}
