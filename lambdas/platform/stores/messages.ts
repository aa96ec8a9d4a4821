import {
  DeleteCommand,
  GetCommand,
  PutCommand,
  paginateQuery,
  QueryCommand,
  UpdateCommand,
} from '@aws-sdk/lib-dynamodb';
import type * as z from 'zod';
import { type Message, messageSchema, type TimelineEntry } from '../../domain/message.ts';
import { sidFloor } from '../../domain/sid.ts';
import { type MessageStatus, predecessorsOf } from '../../domain/status.ts';
import { dynamo } from '../clients.ts';
import { MESSAGE_SHARDS, messageKey, unlessConditionFails } from '../table.ts';
import { fromAttributes, fromItem, toAttributes, toEntry, toItem } from './message-item.ts';

/** Which messages of an account to list. Times are ms since the epoch; addresses carry no scheme. */
export interface MessageQuery {
  createdFrom?: number;
  createdTo?: number;
  /** Only messages older than this one. */
  before?: string;
  limit: number;
  where?: { to?: string; from?: string; channel?: string };
}

const unqueuedSchema = messageSchema.pick({
  sid: true,
  accountSid: true,
  senderSid: true,
  to: true,
  direction: true,
  validUntil: true,
  windowUntil: true,
});
/** What is needed of a message to queue it again. */
export type UnqueuedMessage = z.infer<typeof unqueuedSchema>;

/** What a write found: the message after it, or, when its condition did not hold, as it is. */
export type Change = { changed: true; message: Message } | { changed: false; message: Message | undefined };

const NOT_IN_PROGRESS = 'attribute_exists(sid) AND NOT #status IN (:scheduled, :queued, :sending)';
const IN_PROGRESS = { ':scheduled': 'scheduled', ':queued': 'queued', ':sending': 'sending' };

/** How long the key of a deleted message stays taken, in seconds: longer than keys of requests count and webhooks are repeated. */
const DELETED_LIFETIME = 30 * 24 * 3_600;

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
          Item: { ...messageKey(message.accountSid, message.sid), ...toItem(message) },
          ConditionExpression: 'attribute_not_exists(pk)',
        }),
      ),
    );
    return written !== undefined;
  }

  async get(accountSid: string, sid: string): Promise<Message | undefined> {
    return this.#read(accountSid, sid, true);
  }

  /** The message as it was a moment ago or is now, at half the price. */
  async glance(accountSid: string, sid: string): Promise<Message | undefined> {
    return this.#read(accountSid, sid, false);
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
    // What was deleted has no SID.
    return this.#update(message.accountSid, message.sid, {
      entry,
      set,
      condition: 'attribute_exists(sid)',
      values: {},
    });
  }

  /** Puts a message back to `queued`, if this attempt still has it. */
  async putBack(message: Message, entry: TimelineEntry, set: Partial<Message> = {}): Promise<Change> {
    return this.#update(message.accountSid, message.sid, {
      entry,
      set: { ...set, status: 'queued' },
      condition: '#status = :sending AND attempt = :mine',
      values: { ':sending': 'sending', ':mine': message.attempt },
    });
  }

  /**
   * Moves the end of a lease, if it is still as it was seen: for an attempt that takes longer, or whoever waits for what became of one.
   * @returns whether it was moved
   */
  async moveLease({ accountSid, sid, leaseUntil }: Message, until: number, entry?: TimelineEntry): Promise<boolean> {
    const moved = await unlessConditionFails(
      dynamo.send(
        new UpdateCommand({
          TableName: this.#table,
          Key: messageKey(accountSid, sid),
          UpdateExpression: `SET leaseUntil = :until${entry ? ', timeline = list_append(timeline, :entry)' : ''}`,
          ConditionExpression: '#status = :sending AND leaseUntil = :seen',
          ExpressionAttributeNames: { '#status': 'status' },
          ExpressionAttributeValues: {
            ':until': until,
            ':sending': 'sending',
            ':seen': leaseUntil ?? 0,
            ...(entry && { ':entry': [toEntry(entry)] }),
          },
        }),
      ),
    );
    return moved !== undefined;
  }

  /**
   * Makes a message that failed wait to be sent again, unless anything has happened to it since it was read. Parts that the
   * channel accepted stay so; where it had accepted all and failed then, all are sent again.
   */
  async redriven(message: Message, entry: TimelineEntry, set: Partial<Message>): Promise<Change> {
    return this.#update(message.accountSid, message.sid, {
      entry,
      set: {
        ...set,
        status: 'queued',
        ...(message.dateSent !== undefined && { channelMessageIds: [] }),
      },
      remove: ['errorCode', 'errorMessage', 'leaseUntil', 'dateSent'],
      condition: '#status IN (:failed, :undelivered) AND size(timeline) = :entries',
      values: { ':failed': 'failed', ':undelivered': 'undelivered', ':entries': message.timeline.length },
    });
  }

  /** Cancels a message that no delivery was begun for, so that none is both sent and canceled. */
  async cancel({ accountSid, sid }: { accountSid: string; sid: string }, entry: TimelineEntry): Promise<Change> {
    return this.#update(accountSid, sid, {
      entry,
      set: { status: 'canceled' },
      condition: '#status IN (:scheduled, :queued) AND attempt = :none',
      values: { ':scheduled': 'scheduled', ':queued': 'queued', ':none': 0 },
    });
  }

  /** Writes over the content of a message, unless it is still needed to send it. */
  async redact(
    { accountSid, sid }: { accountSid: string; sid: string },
    entry: TimelineEntry,
    set: Partial<Message>,
  ): Promise<Change> {
    return this.#update(accountSid, sid, { entry, set, condition: NOT_IN_PROGRESS, values: IN_PROGRESS });
  }

  /**
   * Deletes a message, unless it is still to be sent; false then. Its key stays taken for a while, so that neither a request that is
   * repeated nor a webhook that comes again brings it back.
   */
  async delete({ accountSid, sid }: { accountSid: string; sid: string }, now: number): Promise<boolean> {
    const deleted = await unlessConditionFails(
      dynamo.send(
        new PutCommand({
          TableName: this.#table,
          Item: { ...messageKey(accountSid, sid), deletedSid: sid, ttl: Math.floor(now / 1_000) + DELETED_LIFETIME },
          ConditionExpression: NOT_IN_PROGRESS,
          ExpressionAttributeNames: { '#status': 'status' },
          ExpressionAttributeValues: IN_PROGRESS,
        }),
      ),
    );
    return deleted !== undefined;
  }

  /** True for a message that was deleted lately: there is none, and never will be again. */
  async wasDeleted(accountSid: string, sid: string): Promise<boolean> {
    const { Item } = await dynamo.send(
      new GetCommand({ TableName: this.#table, Key: messageKey(accountSid, sid), ConsistentRead: true }),
    );
    return Item?.['deletedSid'] === sid;
  }

  /** A scheduled message's time has come: it is queued, unless it was canceled or another function was faster. */
  async fire(
    { accountSid, sid }: { accountSid: string; sid: string },
    entry: TimelineEntry,
    set: Partial<Message> = {},
  ): Promise<Change> {
    return this.#update(accountSid, sid, {
      entry,
      set: { ...set, status: 'queued' },
      condition: '#status = :scheduled',
      values: { ':scheduled': 'scheduled' },
    });
  }

  /** Fails a message that no delivery was begun for; one that is being delivered is left alone. */
  async failWaiting(
    { accountSid, sid }: { accountSid: string; sid: string },
    entry: TimelineEntry,
    set: Partial<Message>,
  ): Promise<Change> {
    return this.#update(accountSid, sid, {
      entry,
      set: { ...set, status: 'failed' },
      condition: '#status IN (:scheduled, :queued) AND attempt = :none',
      values: { ':scheduled': 'scheduled', ':queued': 'queued', ':none': 0 },
    });
  }

  /**
   * An account's messages that may have been stored and never queued, in the order of their SIDs: `queued`, no attempt to deliver
   * begun, in no backlog. Most of them are in the queue and about to be sent.
   * @param from when the first SIDs were made, ms since the epoch  @param to the same of the last
   */
  async unqueued(accountSid: string, from: number, to: number): Promise<UnqueuedMessage[]> {
    const shards = await Promise.all(
      MESSAGE_SHARDS.map((shard) => this.#unqueuedOf(`${accountSid}#${shard}`, from, to)),
    );
    return shards.flat().sort((left, right) => (left.sid.slice(2) < right.sid.slice(2) ? -1 : 1));
  }

  async #read(accountSid: string, sid: string, ConsistentRead: boolean): Promise<Message | undefined> {
    const Key = messageKey(accountSid, sid);
    const { Item } = await dynamo.send(new GetCommand({ TableName: this.#table, Key, ConsistentRead }));
    // SM… and MM… share their digits' key; a SID with the other prefix names nothing.
    return Item && Item['sid'] === sid ? fromItem(Item) : undefined;
  }

  async #update(
    accountSid: string,
    sid: string,
    change: {
      entry: TimelineEntry;
      set: Partial<Message>;
      add?: Record<string, number>;
      remove?: readonly (keyof Message)[];
      condition: string;
      values: Record<string, unknown>;
    },
  ): Promise<Change> {
    const set = Object.entries(toAttributes(change.set)).filter(([, value]) => value !== undefined);
    const add = Object.entries(change.add ?? {});
    const removed = change.remove ?? [];
    const named = [...[...set, ...add].map(([name]) => name), ...removed];
    if (change.condition.includes('#status')) named.push('status');
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
          UpdateExpression: `SET ${assignments.join(', ')}${removed.length > 0 ? ` REMOVE ${removed.map((name) => `#${name}`).join(', ')}` : ''}`,
          ConditionExpression: change.condition,
          // DynamoDB refuses an empty list of names.
          ...(named.length > 0 && {
            ExpressionAttributeNames: Object.fromEntries(named.map((name) => [`#${name}`, name])),
          }),
          ExpressionAttributeValues: {
            ...Object.fromEntries([...set, ...add].map(([name, value]) => [`:${name}`, value])),
            ...change.values,
            ':entry': [toEntry(change.entry)],
          },
          ReturnValues: 'ALL_NEW',
        }),
      ),
    );
    if (written) return { changed: true, message: fromItem(written.Attributes ?? {}) };
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
        // BETWEEN includes its bounds, and the message that a page ended with is not part of the next one. What was deleted
        // has no SID.
        if (item['sk'] !== high && item['sid'] !== undefined) found.push(fromItem(item));
      }
      ExclusiveStartKey = page.LastEvaluatedKey;
    } while (ExclusiveStartKey && found.length < query.limit);
    return found;
  }

  async #unqueuedOf(pk: string, from: number, to: number): Promise<UnqueuedMessage[]> {
    const found: UnqueuedMessage[] = [];
    const pages = paginateQuery(
      { client: dynamo },
      {
        TableName: this.#table,
        KeyConditionExpression: 'pk = :pk AND sk BETWEEN :from AND :to',
        FilterExpression: '#status = :queued AND attempt = :none AND attribute_not_exists(backlogged)',
        ProjectionExpression: 'pk, sid, senderSid, #to, direction, validUntil, windowUntil',
        ExpressionAttributeNames: { '#status': 'status', '#to': 'to' },
        ExpressionAttributeValues: {
          ':pk': pk,
          ':from': `M#${sidFloor(from)}`,
          ':to': `M#${sidFloor(to + 1)}`,
          ':queued': 'queued',
          ':none': 0,
        },
      },
    );
    for await (const { Items = [] } of pages)
      found.push(...Items.map((item) => unqueuedSchema.parse(fromAttributes(item))));
    return found;
  }
}
