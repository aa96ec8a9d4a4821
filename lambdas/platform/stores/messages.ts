import { DeleteCommand, GetCommand, PutCommand, QueryCommand, UpdateCommand } from '@aws-sdk/lib-dynamodb';
import { type Message, messageSchema, type TimelineEntry } from '../../domain/message.ts';
import { sidFloor } from '../../domain/sid.ts';
import { type MessageStatus, predecessorsOf } from '../../domain/status.ts';
import { dynamo } from '../clients.ts';
import { MESSAGE_SHARDS, messageKey, unlessConditionFails } from '../table.ts';

/** Which messages of an account to list. Times are ms since the epoch; addresses carry no scheme. */
export interface MessageQuery {
  createdFrom?: number;
  createdTo?: number;
  /** Only messages older than this one. */
  before?: string;
  limit: number;
  where?: { to?: string; from?: string; channel?: string };
}

/** What a write found: the message after it, or, when its condition did not hold, as it is. */
export type Change = { changed: true; message: Message } | { changed: false; message: Message | undefined };

/** Messages with their timelines. Every change of status is one conditional write, and appends to the timeline in it. */
export class MessageStore {
  readonly #table: string;

  constructor(table: string) {
    this.#table = table;
  }

  /** Stores a new message; false when there is one with this SID. */
  async insert(message: Message): Promise<boolean> {
    const written = await unlessConditionFails(
      dynamo.send(
        new PutCommand({
          TableName: this.#table,
          Item: { ...messageKey(message.accountSid, message.sid), ...message },
          ConditionExpression: 'attribute_not_exists(pk)',
        }),
      ),
    );
    return written !== undefined;
  }

  async get(accountSid: string, sid: string): Promise<Message | undefined> {
    const { Item } = await dynamo.send(
      new GetCommand({ TableName: this.#table, Key: messageKey(accountSid, sid), ConsistentRead: true }),
    );
    // SM… and MM… share their digits' key; a SID with the other prefix names nothing.
    return Item && Item['sid'] === sid ? messageSchema.parse(Item) : undefined;
  }

  /** Takes back a message that was stored but not queued; false when anything has happened to it since it was read. */
  async remove(message: Message): Promise<boolean> {
    const removed = await unlessConditionFails(
      dynamo.send(
        new DeleteCommand({
          TableName: this.#table,
          Key: messageKey(message.accountSid, message.sid),
          // Every change appends to the timeline, so its length is the message's version.
          ConditionExpression: '#status = :queued AND size(timeline) = :entries',
          ExpressionAttributeNames: { '#status': 'status' },
          ExpressionAttributeValues: { ':queued': 'queued', ':entries': message.timeline.length },
        }),
      ),
    );
    return removed !== undefined;
  }

  /** An account's messages, newest first: SIDs sort by time, so each shard answers a key range and the shards are merged. */
  async page(accountSid: string, query: MessageQuery): Promise<Message[]> {
    const shards = await Promise.all(MESSAGE_SHARDS.map((shard) => this.#shardPage(`${accountSid}#${shard}`, query)));
    return shards
      .flat()
      .sort((left, right) => (left.sid.slice(2) < right.sid.slice(2) ? 1 : -1))
      .slice(0, query.limit);
  }

  /**
   * Takes a queued message for one attempt: `sending`, the attempt counted, a lease while it may be running.
   * @param found the message as read, when it is `sending` with a lease that ran out: taken over only if unchanged since
   */
  async claim(
    task: { accountSid: string; messageSid: string },
    { entry, leaseUntil, found }: { entry: TimelineEntry; leaseUntil: number; found?: Message },
  ): Promise<Change> {
    return this.#update(task.accountSid, task.messageSid, {
      entry,
      set: { status: 'sending', leaseUntil },
      add: { attempt: 1 },
      condition: found ? '#status = :expected AND attempt = :found' : '#status = :expected',
      values: found ? { ':expected': 'sending', ':found': found.attempt } : { ':expected': 'queued' },
    });
  }

  /** Moves a message to `next` if its status allows it (see domain/status). */
  async advance(
    message: { accountSid: string; sid: string },
    next: MessageStatus,
    entry: TimelineEntry,
    set: Partial<Message> = {},
  ): Promise<Change> {
    const allowed = predecessorsOf(next);
    return this.#update(message.accountSid, message.sid, {
      entry,
      set: { ...set, status: next },
      condition: `#status IN (${allowed.map((_, index) => `:allowed${index}`).join(', ')})`,
      values: Object.fromEntries(allowed.map((status, index) => [`:allowed${index}`, status])),
    });
  }

  /** Notes something in the message that changes no status: a part accepted, a late report. */
  async note(
    message: { accountSid: string; sid: string },
    entry: TimelineEntry,
    set: Partial<Message> = {},
  ): Promise<Change> {
    return this.#update(message.accountSid, message.sid, { entry, set, condition: 'attribute_exists(pk)', values: {} });
  }

  async #update(
    accountSid: string,
    sid: string,
    change: {
      entry: TimelineEntry;
      set: Partial<Message>;
      add?: Record<string, number>;
      condition: string;
      values: Record<string, unknown>;
    },
  ): Promise<Change> {
    const set = Object.entries({ ...change.set, dateUpdated: change.entry.at }).filter(
      ([, value]) => value !== undefined,
    );
    const add = Object.entries(change.add ?? {});
    const names = Object.fromEntries([...set, ...add].map(([name]) => [`#${name}`, name]));
    const assignments = [
      ...set.map(([name]) => `#${name} = :${name}`),
      ...add.map(([name]) => `#${name} = #${name} + :${name}`),
      'timeline = list_append(timeline, :entry)',
    ];
    const written = await unlessConditionFails(
      dynamo.send(
        new UpdateCommand({
          TableName: this.#table,
          Key: messageKey(accountSid, sid),
          UpdateExpression: `SET ${assignments.join(', ')}`,
          ConditionExpression: change.condition,
          ExpressionAttributeNames: { ...names, ...(change.condition.includes('#status') && { '#status': 'status' }) },
          ExpressionAttributeValues: {
            ...Object.fromEntries([...set, ...add].map(([name, value]) => [`:${name}`, value])),
            ...change.values,
            ':entry': [change.entry],
          },
          ReturnValues: 'ALL_NEW',
        }),
      ),
    );
    if (written) return { changed: true, message: messageSchema.parse(written.Attributes) };
    return { changed: false, message: await this.get(accountSid, sid) };
  }

  async #shardPage(pk: string, query: MessageQuery): Promise<Message[]> {
    const low = `M#${sidFloor(query.createdFrom ?? 0)}`;
    const high = query.before ? `M#${query.before.slice(2)}` : `M#${sidFloor((query.createdTo ?? 2 ** 47) + 1)}`;
    // DynamoDB refuses a range that is empty.
    if (low > high) return [];
    const where = Object.entries(query.where ?? {}).filter(([, value]) => value !== undefined);
    const found: Message[] = [];
    let ExclusiveStartKey: Record<string, unknown> | undefined;
    do {
      const page = await dynamo.send(
        new QueryCommand({
          TableName: this.#table,
          KeyConditionExpression: 'pk = :pk AND sk BETWEEN :low AND :high',
          ...(where.length > 0 && {
            FilterExpression: where.map(([name]) => `#${name} = :${name}`).join(' AND '),
            ExpressionAttributeNames: Object.fromEntries(where.map(([name]) => [`#${name}`, name])),
          }),
          ExpressionAttributeValues: {
            ':pk': pk,
            ':low': low,
            ':high': high,
            ...Object.fromEntries(where.map(([name, value]) => [`:${name}`, value])),
          },
          ScanIndexForward: false,
          Limit: query.limit + 1,
          ...(ExclusiveStartKey && { ExclusiveStartKey }),
        }),
      );
      for (const item of page.Items ?? []) {
        // BETWEEN includes its bounds, and the message that a page ended with is not part of the next one.
        if (item['sk'] !== high) found.push(messageSchema.parse(item));
      }
      ExclusiveStartKey = page.LastEvaluatedKey;
    } while (ExclusiveStartKey && found.length < query.limit);
    return found;
  }
}
