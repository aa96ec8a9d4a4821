import { GetCommand, PutCommand, paginateQuery } from '@aws-sdk/lib-dynamodb';
import * as z from 'zod';
import { newSid } from '../../domain/sid.ts';
import { dynamo } from '../clients.ts';
import { acceptedKey, MESSAGE_SHARDS, sweptKey } from '../table.ts';

/** How long a marker is kept, in seconds: a sweep that was not called for a day finds nothing older. */
const LIFETIME = 24 * 3_600;

const MINUTE_MS = 60_000;

const markerSchema = z.object({
  accountSid: z.string(),
  /** The minute in which the messages' SIDs were made, where that is another than the marker's own; ms since the epoch. */
  madeAt: z.number().optional(),
});
/** In some minute an account had messages accepted. */
export type Activity = z.infer<typeof markerSchema>;

/**
 * Which accounts had messages accepted in which minute, so that who looks for messages that were stored and never queued
 * looks only there. One small write per account, minute and running function, however many messages.
 */
export class ActivityStore {
  readonly #table: string;
  /** Where this function writes: all together would be too many for one partition when a minute begins. */
  readonly #shard = newSid('AC', 0).slice(-1);
  /** The markers of this minute that are written, or just being written. */
  readonly #noted = new Map<string, Promise<unknown>>();
  #minute = 0;

  constructor(table: string) {
    this.#table = table;
  }

  /**
   * Says that a message of the account is about to be stored. Await it first: a message without a marker is never looked for.
   * @param at when the message's SID was made, which its key says, ms since the epoch
   * @param now the clock; later than `at` for a SID that an earlier request was promised
   */
  async note(accountSid: string, at: number, now = at): Promise<void> {
    const minute = startOfMinute(now);
    if (minute !== this.#minute) {
      this.#noted.clear();
      this.#minute = minute;
    }
    const madeAt = startOfMinute(at);
    const key = `${accountSid}/${madeAt}`;
    const noted = this.#noted.get(key) ?? this.#write(accountSid, minute, madeAt);
    this.#noted.set(key, noted);
    try {
      await noted;
    } catch (error) {
      if (this.#noted.get(key) === noted) this.#noted.delete(key);
      throw error;
    }
  }

  /** What was noted in the minute of `at` (ms since the epoch), each account as often as functions noted it. */
  async at(at: number): Promise<Activity[]> {
    const minute = isoMinute(at);
    return (await Promise.all(MESSAGE_SHARDS.map((shard) => this.#marked(minute, shard)))).flat();
  }

  /** Up to when messages have been looked for, ms since the epoch; undefined when they never were. */
  async sweptUntil(): Promise<number | undefined> {
    const { Item } = await dynamo.send(new GetCommand({ TableName: this.#table, Key: sweptKey, ConsistentRead: true }));
    return Item && Number(Item['until']);
  }

  async setSweptUntil(until: number): Promise<void> {
    await dynamo.send(new PutCommand({ TableName: this.#table, Item: { ...sweptKey, until } }));
  }

  async #marked(minute: string, shard: string): Promise<Activity[]> {
    const activities: Activity[] = [];
    const pages = paginateQuery(
      { client: dynamo },
      {
        TableName: this.#table,
        KeyConditionExpression: 'pk = :minute',
        ExpressionAttributeValues: { ':minute': acceptedKey(minute, shard).pk },
      },
    );
    for await (const { Items = [] } of pages) activities.push(...Items.map((item) => markerSchema.parse(item)));
    return activities;
  }

  async #write(accountSid: string, minute: number, madeAt: number): Promise<void> {
    const isLate = madeAt !== minute;
    await dynamo.send(
      new PutCommand({
        TableName: this.#table,
        Item: {
          ...acceptedKey(isoMinute(minute), this.#shard, isLate ? `${accountSid}#${isoMinute(madeAt)}` : accountSid),
          accountSid,
          ...(isLate && { madeAt }),
          ttl: minute / 1_000 + LIFETIME,
        },
      }),
    );
  }
}

const startOfMinute = (at: number): number => at - (at % MINUTE_MS);

/** `2026-11-22T22:14` */
const isoMinute = (at: number): string => new Date(at).toISOString().slice(0, 16);
