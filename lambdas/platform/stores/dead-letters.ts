import { Buffer } from 'node:buffer';
import { gunzipSync, gzipSync } from 'node:zlib';
import { DeleteCommand, GetCommand, PutCommand, QueryCommand } from '@aws-sdk/lib-dynamodb';
import * as z from 'zod';
import {
  type DeadLetterQueue,
  type DeadLetterSummary,
  type KeptDeadLetter,
  queueOf,
  readableReason,
} from '../../domain/dead-letter.ts';
import { newSid, sidFloor, sidPattern } from '../../domain/sid.ts';
import { type DeadLetter, deadLetterSchema } from '../../domain/tasks.ts';
import { dynamo } from '../clients.ts';
import { type Clock, systemClock } from '../clock.ts';
import { emitCounts } from '../metrics.ts';
import { deadLetterKey, unlessConditionFails } from '../table.ts';
import { IdempotencyStore } from './idempotency.ts';

/** How long a letter is kept, in seconds. */
const LIFETIME = 30 * 24 * 3_600;
/** The longest payload kept in the letter's own item, in bytes of JSON: lists read these items. */
const MAX_INLINE = 8_192;
/** The size of an item that holds a part of a longer payload, in bytes; DynamoDB takes 400 KB with keys and names. */
const PART_BYTES = 350_000;
/** How many letters one call reads at most, in search of those asked for. */
const MAX_READ = 2_000;

const itemSchema = deadLetterSchema.omit({ payload: true }).extend({
  sid: z.string(),
  ttl: z.number(),
  /** The payload as JSON; absent where it is in parts. */
  payload: z.string().optional(),
  /** How many parts its compressed payload has. */
  parts: z.number().default(0),
});
type Item = z.infer<typeof itemSchema>;

/** Which of an account's letters. Times are ms since the epoch, both inclusive. */
export interface DeadLetterFilter {
  queue?: DeadLetterQueue | undefined;
  /** A part of the reason, in any letter case. */
  reason?: string | undefined;
  createdFrom?: number | undefined;
  createdTo?: number | undefined;
}

export interface DeadLetterQuery extends DeadLetterFilter {
  order: 'newest first' | 'oldest first';
  /** Goes on after this letter, in that order. */
  after?: string | undefined;
  limit: number;
}

/**
 * Dead letters, by account and time. Those that belong to nobody are the root account's.
 *
 * A letter's SID is claimed under the key of what gave up, so that a function that is run again finds the letter it had made.
 */
export class DeadLetterStore {
  readonly #table: string;
  readonly #rootAccountSid: string;
  readonly #claims: Pick<IdempotencyStore, 'claim'>;
  readonly #now: Clock;

  constructor(table: string, rootAccountSid: string, now: Clock = systemClock) {
    this.#table = table;
    this.#rootAccountSid = rootAccountSid;
    this.#claims = new IdempotencyStore(table);
    this.#now = now;
  }

  /**
   * Keeps a letter and counts it in the metric `DeadLetters` of its queue. Safe to repeat for a day.
   * @param key names what gave up, at this time: the queue's id of the entry, or a message and its attempt
   */
  async bury(letter: DeadLetter, key: string): Promise<void> {
    const owner = this.#ownerOf(letter);
    const own = newSid('DL', Date.parse(letter.at));
    // Customers' idempotency keys, which are kept in the same place, have no spaces.
    const { sid } = await this.#claims.claim(owner, `buried ${key}`, { sid: own, requestHash: '' });
    const ttl = Math.floor(this.#now() / 1_000) + LIFETIME;
    const { payload, ...summary } = letter;
    const kept = await this.#keepPayload(sid, payload, ttl);
    await unlessConditionFails(
      dynamo.send(
        new PutCommand({
          TableName: this.#table,
          Item: { ...deadLetterKey(owner, sid), ...summary, reason: readableReason(letter.reason), sid, ttl, ...kept },
          ConditionExpression: 'attribute_not_exists(pk)',
        }),
      ),
    );
    // A repetition counts once more: the first one may have been cut off before it was counted.
    const dimensions = { TableName: this.#table, Queue: queueOf(letter) };
    emitCounts({ DeadLetters: 1 }, this.#now(), undefined, dimensions);
  }

  /** One letter; undefined when the account has none of that SID. */
  async get(accountSid: string, sid: string): Promise<KeptDeadLetter | undefined> {
    const { Item } = await dynamo.send(
      new GetCommand({ TableName: this.#table, Key: deadLetterKey(accountSid, sid), ConsistentRead: true }),
    );
    const item = Item && itemSchema.parse(Item);
    if (!item || this.#hasExpired(item)) return undefined;
    const text = item.payload ?? (await this.#payloadOf(item));
    return { ...toSummary(item), payload: JSON.parse(text) };
  }

  /**
   * A page of an account's letters. It may hold fewer than asked for, even none, and yet not be the last.
   * @returns `next`: the letter to go on after; undefined on the last page
   */
  async page(accountSid: string, query: DeadLetterQuery): Promise<{ letters: DeadLetterSummary[]; next?: string }> {
    const letters: DeadLetterSummary[] = [];
    const range = rangeOf(query);
    if (range.low > range.high) return { letters };
    let read = 0;
    let start: Record<string, unknown> | undefined;
    do {
      const page = await this.#query(accountSid, query, range, start);
      for (const found of page.Items ?? []) {
        const item = itemSchema.parse(found);
        if (item.sid === query.after || this.#hasExpired(item) || !matches(item, query)) continue;
        // One more than a page holds tells whether there is a next one.
        const last = letters.at(-1);
        if (last && letters.length === query.limit) return { letters, next: last.sid };
        letters.push(toSummary(item));
      }
      read += page.Items?.length ?? 0;
      start = page.LastEvaluatedKey;
    } while (start && read < MAX_READ);
    return start ? { letters, next: String(start['sk']) } : { letters };
  }

  /** Removes a letter; false when it is gone already. */
  async remove(accountSid: string, sid: string): Promise<boolean> {
    const { Attributes } = await dynamo.send(
      new DeleteCommand({ TableName: this.#table, Key: deadLetterKey(accountSid, sid), ReturnValues: 'ALL_OLD' }),
    );
    const parts = Attributes ? itemSchema.parse(Attributes).parts : 0;
    for (let part = 0; part < parts; part += 1) {
      await dynamo.send(new DeleteCommand({ TableName: this.#table, Key: partKey(sid, part) }));
    }
    return Attributes !== undefined;
  }

  #ownerOf({ accountSid }: DeadLetter): string {
    return sidPattern('AC').test(accountSid) ? accountSid : this.#rootAccountSid;
  }

  #hasExpired = ({ ttl }: Item): boolean => ttl * 1_000 <= this.#now();

  /** Before the letter, so that a letter has its whole payload; parts without a letter expire. */
  async #keepPayload(sid: string, payload: unknown, ttl: number): Promise<{ payload: string } | { parts: number }> {
    const text = JSON.stringify(payload ?? null);
    if (Buffer.byteLength(text) <= MAX_INLINE) return { payload: text };
    const bytes = gzipSync(text);
    const parts = Math.ceil(bytes.length / PART_BYTES);
    for (let part = 0; part < parts; part += 1) {
      const content = bytes.subarray(part * PART_BYTES, (part + 1) * PART_BYTES);
      await dynamo.send(new PutCommand({ TableName: this.#table, Item: { ...partKey(sid, part), content, ttl } }));
    }
    return { parts };
  }

  async #payloadOf({ sid, parts }: Item): Promise<string> {
    const contents: Uint8Array[] = [];
    for (let part = 0; part < parts; part += 1) {
      const { Item } = await dynamo.send(
        new GetCommand({ TableName: this.#table, Key: partKey(sid, part), ConsistentRead: true }),
      );
      contents.push(z.instanceof(Uint8Array).parse(Item?.['content']));
    }
    return gunzipSync(Buffer.concat(contents)).toString('utf8');
  }

  #query(
    accountSid: string,
    { order, limit }: DeadLetterQuery,
    { low, high }: Range,
    start: Record<string, unknown> | undefined,
  ) {
    return dynamo.send(
      new QueryCommand({
        TableName: this.#table,
        KeyConditionExpression: 'pk = :account AND sk BETWEEN :low AND :high',
        ExpressionAttributeValues: { ':account': deadLetterKey(accountSid, '').pk, ':low': low, ':high': high },
        ScanIndexForward: order === 'oldest first',
        // One for the next page, one for the letter that the page before ended with.
        Limit: limit + 2,
        ConsistentRead: true,
        ...(start && { ExclusiveStartKey: start }),
      }),
    );
  }
}

interface Range {
  low: string;
  high: string;
}

function rangeOf({ createdFrom = 0, createdTo = 2 ** 47, order, after }: DeadLetterQuery): Range {
  const low = `DL${sidFloor(createdFrom)}`;
  const high = `DL${sidFloor(createdTo + 1)}`;
  if (after === undefined) return { low, high };
  return order === 'oldest first'
    ? { low: after > low ? after : low, high }
    : { low, high: after < high ? after : high };
}

function matches(item: Item, { queue, reason }: DeadLetterFilter): boolean {
  if (queue !== undefined && queueOf(item) !== queue) return false;
  return reason === undefined || item.reason.toLowerCase().includes(reason.toLowerCase());
}

const toSummary = ({ ttl, payload, parts, ...summary }: Item): DeadLetterSummary => summary;

/** Parts have a partition of their own, so that a list does not read them. */
const partKey = (sid: string, part: number) => deadLetterKey(sid, String(part));
