import { DeleteCommand, QueryCommand } from '@aws-sdk/lib-dynamodb';
import * as z from 'zod';
import { dynamo } from '../clients.ts';
import { backlogKey, backlogListKey } from '../table.ts';

const entrySchema = z.object({ sk: z.string(), task: z.object({ accountSid: z.string(), messageSid: z.string() }) });
/** A message that waits for a sender that is gone. */
export interface AbandonedEntry {
  accountSid: string;
  messageSid: string;
  order: string;
}

/** What is left of the backlog of a sender that was deleted: its state went with it, what waits and its place in the list did not. */
export class AbandonedBacklogStore {
  readonly #table: string;

  constructor(table: string) {
    this.#table = table;
  }

  /** The first of what is left. */
  async first(senderSid: string, limit: number): Promise<AbandonedEntry[]> {
    const { Items = [] } = await dynamo.send(
      new QueryCommand({
        TableName: this.#table,
        KeyConditionExpression: 'pk = :backlog',
        ExpressionAttributeValues: { ':backlog': backlogKey(senderSid, '').pk },
        Limit: limit,
        ConsistentRead: true,
      }),
    );
    return Items.map((item) => {
      const { sk, task } = entrySchema.parse(item);
      return { accountSid: task.accountSid, messageSid: task.messageSid, order: sk };
    });
  }

  async drop(senderSid: string, { order }: Pick<AbandonedEntry, 'order'>): Promise<void> {
    await dynamo.send(new DeleteCommand({ TableName: this.#table, Key: backlogKey(senderSid, order) }));
  }

  /** Takes the sender from the list of those that have a backlog. */
  async forget(senderSid: string): Promise<void> {
    await dynamo.send(new DeleteCommand({ TableName: this.#table, Key: backlogListKey(senderSid) }));
  }
}
