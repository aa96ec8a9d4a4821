import { DeleteCommand, PutCommand, QueryCommand } from '@aws-sdk/lib-dynamodb';
import * as z from 'zod';
import { dynamo } from '../clients.ts';
import { scheduledKey } from '../table.ts';

const entrySchema = z.object({
  /** `send`: a scheduled message's time has come. `expire`: the validity of one that waits in a backlog has ended. */
  kind: z.enum(['send', 'expire']),
  accountSid: z.string(),
  messageSid: z.string(),
  /** Ms since the epoch; part of the key, so that the first ones of a list are due first. */
  at: z.number(),
});
/** Something that is to be done with a message at some time. */
export type ScheduledEntry = z.infer<typeof entrySchema>;

/**
 * What is to be done with messages later. Sixteen lists, each in the order of time: who asks what is due reads the first ones
 * and nothing else, however many there are. An entry is removed when it has been done, so it may be found again after a crash.
 */
export class ScheduleStore {
  readonly #table: string;

  constructor(table: string) {
    this.#table = table;
  }

  /** Safe to repeat. */
  async add(entry: ScheduledEntry): Promise<void> {
    await dynamo.send(new PutCommand({ TableName: this.#table, Item: { ...keyOf(entry), ...entry } }));
  }

  /** Safe to repeat. */
  async remove(entry: Pick<ScheduledEntry, 'at' | 'messageSid'>): Promise<void> {
    await dynamo.send(new DeleteCommand({ TableName: this.#table, Key: keyOf(entry) }));
  }

  /**
   * The entries of a list whose time has come, longest overdue first.
   * @param shard the list: last hex digit of the messages' SIDs
   * @param after only those that come after this one
   */
  async due(shard: string, now: number, limit: number, after?: ScheduledEntry): Promise<ScheduledEntry[]> {
    const first = scheduledKey(shard, 0);
    const { Items = [] } = await dynamo.send(
      new QueryCommand({
        TableName: this.#table,
        KeyConditionExpression: 'pk = :list AND sk < :end',
        ExpressionAttributeValues: { ':list': first.pk, ':end': scheduledKey(shard, now + 1).sk },
        Limit: limit,
        ConsistentRead: true,
        ...(after && { ExclusiveStartKey: keyOf(after) }),
      }),
    );
    return Items.map((item) => entrySchema.parse(item));
  }
}

const keyOf = ({ at, messageSid }: Pick<ScheduledEntry, 'at' | 'messageSid'>) =>
  scheduledKey(messageSid.slice(-1), at, messageSid);
