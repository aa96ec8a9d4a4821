import { DeleteCommand, PutCommand, paginateQuery, QueryCommand, UpdateCommand } from '@aws-sdk/lib-dynamodb';
import * as z from 'zod';
import { BACKLOG_MS, LOOKAHEAD_MS, RELEASE_LEASE_MS, SETTLED_MS } from '../../domain/backlog.ts';
import { intervalOf, type Rate } from '../../domain/pacing.ts';
import { sidFloor } from '../../domain/sid.ts';
import { outboundTaskSchema } from '../../domain/tasks.ts';
import { dynamo } from '../clients.ts';
import { backlogKey, backlogListKey, paceKey, unlessConditionFails } from '../table.ts';

/** A task that waits, and the FIFO group it will have in the queue. */
const entrySchema = z.object({ task: outboundTaskSchema, group: z.string(), ttl: z.number() });
export type BacklogEntry = z.infer<typeof entrySchema>;

/** An entry and its place in the order: 32 hex digits that begin with the time, as a SID's do. */
export type Waiting = BacklogEntry & { order: string };

/** A sender that has a backlog. */
const owner = z.object({ accountSid: z.string(), senderSid: z.string() });
export type BacklogOwner = z.infer<typeof owner>;

/**
 * How far ahead of the clock a sender's accepted messages are. `cursor` is the place up to which the backlog has been released;
 * `before` and `after` are when what was accepted before this and with it will have been sent, ms since the epoch.
 */
export interface Admitted {
  before: number;
  after: number;
  cursor: string;
  /** Until when the sender cannot send, ms since the epoch. */
  heldUntil: number;
}

/** The part of a sender's pacing item that is about its backlog; nothing fits it when there is none. */
export const backlogStateSchema = z.object({
  tat: z.number().default(0),
  queued: z.number(),
  fullUntil: z.number(),
  releasedAt: z.number(),
  /** When the backlog began, and when something was put in it last, give or take a second; ms since the epoch. */
  openedAt: z.number(),
  backlogAt: z.number(),
  /** The place up to which it has been released. */
  cursor: z.string().default(''),
  /** Until when the sender cannot send. */
  heldUntil: z.number().default(0),
});
export type BacklogState = z.infer<typeof backlogStateSchema>;

/** The list is in as many parts, by the last digit of the sender's SID: many backlogs may begin at once. */
const LIST_SHARDS = '0123456789abcdef'.split('');

/** Update, condition and values of a write. */
type Write = [update: string, condition: string, values: Record<string, unknown>];

/** How often one function says that a backlog is still growing, in ms. */
const REFRESH_MS = 1_000;

/**
 * What waits in the table until the queue has room, per sender. Its state is in the item that paces the sender, so that who
 * reserves sending slots sees for nothing whether there is a backlog.
 */
export class BacklogStore {
  readonly #table: string;
  /** By sender, which of its backlogs this function has put in the list, and when it last said that it grows; ms since the epoch. */
  readonly #opened = new Map<string, { openedAt: number; saidAt: number }>();
  /** The clocks as last seen here: they decide which condition is tried first, so that one write is enough. */
  readonly #seen = new Map<string, number>();

  constructor(table: string) {
    this.#table = table;
  }

  /**
   * Counts `count` messages as accepted; undefined when that is more than the sender can send in four hours.
   * @param clock campaigns and replies are counted apart: replies do not wait for campaigns
   */
  async admit(
    senderSid: string,
    count: number,
    rate: Rate,
    now: number,
    clock: 'admitted' | 'replied',
    limitMs = BACKLOG_MS,
  ): Promise<Admitted | undefined> {
    const cost = count * intervalOf(rate);
    const busy: Write = [
      `SET ${clock} = ${clock} + :cost`,
      `${clock} > :now AND ${clock} <= :limit`,
      { ':cost': cost, ':now': now, ':limit': now + limitMs - cost },
    ];
    const idle: Write = [
      `SET ${clock} = :next`,
      `attribute_not_exists(${clock}) OR ${clock} <= :now`,
      { ':next': now + cost, ':now': now },
    ];
    const isBusy = (this.#seen.get(`${clock}/${senderSid}`) ?? 0) > now;
    const [first, second] = isBusy ? [busy, idle] : [idle, busy];
    const written = (await this.#update(senderSid, ...first)) ?? (await this.#update(senderSid, ...second));
    if (!written) return undefined;
    const after = Number(written[clock]);
    this.#seen.set(`${clock}/${senderSid}`, after);
    return {
      before: after - cost,
      after,
      cursor: String(written['cursor'] ?? ''),
      heldUntil: Number(written['heldUntil'] ?? 0),
    };
  }

  /** Says that the sender has a backlog from now on. Before anything is put in it. */
  async open({ accountSid, senderSid }: BacklogOwner, now: number): Promise<void> {
    const known = this.#opened.get(senderSid);
    if (known && known.saidAt > now - REFRESH_MS) return;
    let state = known && (await this.#grow(senderSid, now));
    // Somebody else may begin it or close it in between.
    while (!state) state = (await this.#begin(senderSid, now)) ?? (await this.#grow(senderSid, now));
    const { openedAt } = backlogStateSchema.parse(state);
    // Every function that puts something in it sees to the list itself, because the one that began it may have died before it did.
    if (openedAt !== known?.openedAt) await this.#list({ accountSid, senderSid });
    this.#opened.set(senderSid, { openedAt, saidAt: now });
  }

  async #grow(senderSid: string, now: number): Promise<Record<string, unknown> | undefined> {
    return this.#update(senderSid, 'SET backlogAt = :now', 'attribute_exists(backlogAt)', { ':now': now });
  }

  async #begin(senderSid: string, now: number): Promise<Record<string, unknown> | undefined> {
    return this.#update(
      senderSid,
      // The queue is full: that is why there is a backlog.
      'SET backlogAt = :now, openedAt = :now, releasedAt = :now, queued = :none, fullUntil = :full',
      'attribute_not_exists(backlogAt)',
      { ':now': now, ':none': 0, ':full': now + LOOKAHEAD_MS },
    );
  }

  /** Puts a task in the backlog, in the place that `order` gives it. */
  async add(order: string, entry: BacklogEntry): Promise<void> {
    const { senderSid } = entry.task;
    await dynamo.send(new PutCommand({ TableName: this.#table, Item: { ...backlogKey(senderSid, order), ...entry } }));
  }

  /** The senders that have a backlog. */
  async owners(): Promise<BacklogOwner[]> {
    return (await Promise.all(LIST_SHARDS.map((shard) => this.#ownersIn(shard)))).flat();
  }

  async #ownersIn(shard: string): Promise<BacklogOwner[]> {
    const owners: BacklogOwner[] = [];
    const pages = paginateQuery(
      { client: dynamo },
      {
        TableName: this.#table,
        KeyConditionExpression: 'pk = :list',
        ExpressionAttributeValues: { ':list': backlogListKey(shard).pk },
        ConsistentRead: true,
      },
    );
    for await (const { Items = [] } of pages) owners.push(...Items.map((item) => owner.parse(item)));
    return owners;
  }

  /** Takes the right to release the backlog for a moment; undefined when there is none or somebody else is at it. */
  async lease(senderSid: string, now: number): Promise<BacklogState | undefined> {
    const taken = await this.#update(
      senderSid,
      'SET releaseLease = :until',
      'attribute_exists(backlogAt) AND (attribute_not_exists(releaseLease) OR releaseLease <= :now)',
      { ':until': now + RELEASE_LEASE_MS, ':now': now },
    );
    return taken && backlogStateSchema.parse(taken);
  }

  /** The first tasks that wait after the cursor and are old enough to be released. */
  async waiting(senderSid: string, cursor: string, limit: number, now: number): Promise<Waiting[]> {
    const until = sidFloor(now - SETTLED_MS);
    if (cursor >= until) return [];
    return this.#query(senderSid, cursor, until, limit);
  }

  /** Says what was released, and gives the lease back. @param to `count` messages, the last of them at `cursor` */
  async advance(
    senderSid: string,
    from: BacklogState,
    to: { cursor: string; count: number },
    now: number,
  ): Promise<void> {
    await this.#update(
      senderSid,
      'SET #cursor = :cursor, queued = queued + :count, releasedAt = :now REMOVE releaseLease',
      from.cursor === '' ? 'attribute_not_exists(#cursor)' : '#cursor = :from',
      {
        ':cursor': to.cursor,
        // A count that has gone wrong is put right.
        ':count': to.count - Math.min(0, from.queued),
        ':now': now,
        ...(from.cursor !== '' && { ':from': from.cursor }),
      },
      { '#cursor': 'cursor' },
    );
  }

  /** Gives the lease back with nothing released. */
  async giveBack(senderSid: string): Promise<void> {
    await this.#update(senderSid, 'REMOVE releaseLease', 'attribute_exists(pk)', {});
  }

  /**
   * Says that the sender has no backlog any more, if nothing waits and nothing has come lately; gives the lease back in any case.
   * @returns whether it has none
   */
  async close({ accountSid, senderSid }: BacklogOwner, state: BacklogState, now: number): Promise<boolean> {
    const isQuiet = state.backlogAt <= now - 2 * SETTLED_MS;
    if (!isQuiet || (await this.#query(senderSid, state.cursor, 'g', 1)).length > 0) {
      await this.giveBack(senderSid);
      return false;
    }
    // The list first: one that is in no list although it has a backlog would be forgotten.
    await dynamo.send(new DeleteCommand({ TableName: this.#table, Key: backlogListKey(senderSid) }));
    const closed = await this.#update(senderSid, 'REMOVE backlogAt, released, releaseLease', 'backlogAt = :seen', {
      ':seen': state.backlogAt,
    });
    if (!closed) await this.#list({ accountSid, senderSid });
    return closed !== undefined;
  }

  /** Says that the sender cannot send before `until`: what comes waits in the backlog, and nothing of that is released. */
  async hold(senderSid: string, until: number): Promise<void> {
    await this.#update(senderSid, 'SET heldUntil = :until', 'attribute_not_exists(heldUntil) OR heldUntil < :until', {
      ':until': until,
    });
  }

  /** Messages that waited in the backlog are in the queue again, because their attempts came to nothing. */
  async postpone(senderSid: string, count = 1): Promise<void> {
    await this.#update(senderSid, 'SET queued = queued + :count', 'attribute_exists(backlogAt)', { ':count': count });
  }

  async #list(entry: BacklogOwner): Promise<void> {
    await dynamo.send(
      new PutCommand({ TableName: this.#table, Item: { ...backlogListKey(entry.senderSid), ...entry } }),
    );
  }

  async #query(senderSid: string, after: string, until: string, limit: number): Promise<Waiting[]> {
    const { Items = [] } = await dynamo.send(
      new QueryCommand({
        TableName: this.#table,
        // A key that is one character longer than the cursor's sorts after it and before every other one.
        KeyConditionExpression: 'pk = :backlog AND sk BETWEEN :after AND :until',
        ExpressionAttributeValues: {
          ':backlog': backlogKey(senderSid, '').pk,
          ':after': `${after}!`,
          ':until': until,
        },
        Limit: limit,
        ConsistentRead: true,
      }),
    );
    return Items.map((item) => ({ ...entrySchema.parse(item), order: String(item['sk']) }));
  }

  /** @returns the item as it is now; undefined when the condition did not hold */
  async #update(
    senderSid: string,
    update: string,
    condition: string,
    values: Record<string, unknown>,
    names?: Record<string, string>,
  ): Promise<Record<string, unknown> | undefined> {
    const written = await unlessConditionFails(
      dynamo.send(
        new UpdateCommand({
          TableName: this.#table,
          Key: paceKey(senderSid),
          UpdateExpression: update,
          ConditionExpression: condition,
          ...(names && { ExpressionAttributeNames: names }),
          ...(Object.keys(values).length > 0 && { ExpressionAttributeValues: values }),
          ReturnValues: 'ALL_NEW',
        }),
      ),
    );
    return written && (written.Attributes ?? {});
  }
}
