import { DeleteCommand, GetCommand, PutCommand, paginateQuery, UpdateCommand } from '@aws-sdk/lib-dynamodb';
import * as z from 'zod';
import { type Sender, type SenderStatus, senderSchema } from '../../domain/sender.ts';
import { updateParts } from '../changes.ts';
import { dynamo } from '../clients.ts';
import { Remembered } from '../remembered.ts';
import { addressKey, paceKey, senderKey, unlessConditionFails } from '../table.ts';

const claimSchema = z.object({ accountSid: z.string(), senderSid: z.string() });

/** A claim whose sender is not stored this long after, in ms, never will be. */
const ABANDONED_AFTER_MS = 60_000;

/** Senders, and the claims that keep an address with one sender only. */
export class SenderStore {
  readonly #table: string;
  readonly #recent = new Remembered<Sender>(30_000);
  readonly #claims = new Remembered<z.infer<typeof claimSchema>>(30_000);
  /** Addresses that nobody had a moment ago: every message of a campaign asks again where its channel shares its scheme. */
  readonly #free = new Remembered<true>(2_000);

  constructor(table: string) {
    this.#table = table;
  }

  async get(accountSid: string, senderSid: string): Promise<Sender | undefined> {
    return this.#recent.get(`${accountSid}/${senderSid}`, async () => {
      const Key = senderKey(accountSid, senderSid);
      const { Item } = await dynamo.send(new GetCommand({ TableName: this.#table, Key }));
      if (Item) return senderSchema.parse(Item);
      // A sender that was made a moment ago may not be everywhere yet, and who finds none takes it for gone.
      const again = await dynamo.send(new GetCommand({ TableName: this.#table, Key, ConsistentRead: true }));
      return again.Item ? senderSchema.parse(again.Item) : undefined;
    });
  }

  /** The sender that owns an address (without scheme), whichever account it belongs to. */
  async byAddress(channel: string, address: string): Promise<Sender | undefined> {
    const key = `${channel}#${address}`;
    if (await this.#free.get(key, async () => undefined)) return undefined;
    const claim = await this.#claims.get(key, async () => {
      const { Item } = await dynamo.send(new GetCommand({ TableName: this.#table, Key: addressKey(channel, address) }));
      if (!Item) this.#free.set(key, true);
      return Item ? claimSchema.parse(Item) : undefined;
    });
    return claim && this.get(claim.accountSid, claim.senderSid);
  }

  /** Whether somebody has claimed an address, at this very moment. */
  async isClaimed(channel: string, address: string): Promise<boolean> {
    const Key = addressKey(channel, address);
    const { Item } = await dynamo.send(new GetCommand({ TableName: this.#table, Key, ConsistentRead: true }));
    return Item !== undefined;
  }

  /** All senders of an account, oldest first. */
  async list(accountSid: string): Promise<Sender[]> {
    const senders: Sender[] = [];
    const pages = paginateQuery(
      { client: dynamo },
      {
        TableName: this.#table,
        KeyConditionExpression: 'pk = :account AND begins_with(sk, :sender)',
        ExpressionAttributeValues: { ':account': accountSid, ':sender': 'XE' },
      },
    );
    for await (const { Items = [] } of pages) senders.push(...Items.map((item) => senderSchema.parse(item)));
    return senders;
  }

  /** Claims the address, then stores the sender; false when another sender has the address. */
  async create(sender: Sender): Promise<boolean> {
    const now = Date.now();
    this.#free.forget(`${sender.channel}#${sender.address}`);
    const Key = addressKey(sender.channel, sender.address);
    const { accountSid, sid: senderSid } = sender;
    const claim = new PutCommand({
      TableName: this.#table,
      Item: { ...Key, accountSid, senderSid, claimedAt: now },
      // The same sender may ask again: a creation that was cut short can be repeated.
      ConditionExpression: 'attribute_not_exists(pk) OR senderSid = :sid',
      ExpressionAttributeValues: { ':sid': senderSid },
    });
    if (!(await unlessConditionFails(dynamo.send(claim)))) {
      if (!(await this.#dropAbandonedClaim(Key, now))) return false;
      if (!(await unlessConditionFails(dynamo.send(claim)))) return false;
    }
    await this.update(sender);
    return true;
  }

  /** A creation that was cut off between its two writes leaves a claim without a sender; nobody may have the address then. */
  async #dropAbandonedClaim(Key: ReturnType<typeof addressKey>, now: number): Promise<boolean> {
    const { Item } = await dynamo.send(new GetCommand({ TableName: this.#table, Key, ConsistentRead: true }));
    if (!Item) return true;
    const { accountSid, senderSid } = claimSchema.parse(Item);
    const isRecent = Number(Item['claimedAt']) > now - ABANDONED_AFTER_MS;
    const { Item: owner } = await dynamo.send(
      new GetCommand({ TableName: this.#table, Key: senderKey(accountSid, senderSid), ConsistentRead: true }),
    );
    if (owner || isRecent) return false;
    const dropped = await unlessConditionFails(
      dynamo.send(
        new DeleteCommand({
          TableName: this.#table,
          Key,
          ConditionExpression: 'senderSid = :sid',
          ExpressionAttributeValues: { ':sid': senderSid },
        }),
      ),
    );
    return dropped !== undefined;
  }

  async update(sender: Sender): Promise<void> {
    await dynamo.send(
      new PutCommand({ TableName: this.#table, Item: { ...senderKey(sender.accountSid, sender.sid), ...sender } }),
    );
    this.#recent.forget(`${sender.accountSid}/${sender.sid}`);
  }

  /**
   * Changes what is named and leaves the rest, which somebody else may be changing; `undefined` removes. A sender that is gone
   * stays gone.
   * @param onlyIf the statuses that it may be in; any if not given
   * @returns the sender as it is now; undefined when nothing was changed
   */
  async change(
    { accountSid, sid }: Pick<Sender, 'accountSid' | 'sid'>,
    changes: Partial<Omit<Sender, 'sid' | 'accountSid' | 'channel' | 'address'>>,
    onlyIf: readonly SenderStatus[] = [],
  ): Promise<Sender | undefined> {
    const allowed = Object.fromEntries(onlyIf.map((status, index) => [`:only${index}`, status]));
    const { ExpressionAttributeNames, ...parts } = updateParts(changes, allowed);
    const isAllowed = onlyIf.length === 0 ? '' : ` AND #status IN (${Object.keys(allowed).join(', ')})`;
    const written = await unlessConditionFails(
      dynamo.send(
        new UpdateCommand({
          TableName: this.#table,
          Key: senderKey(accountSid, sid),
          ...parts,
          ExpressionAttributeNames: { ...ExpressionAttributeNames, ...(onlyIf.length > 0 && { '#status': 'status' }) },
          ConditionExpression: `attribute_exists(pk)${isAllowed}`,
          ReturnValues: 'ALL_NEW',
        }),
      ),
    );
    this.#recent.forget(`${accountSid}/${sid}`);
    return written && senderSchema.parse(written.Attributes);
  }

  /** Removes the sender and its pace, then releases its address. What contacts wrote and were sent expires by itself. */
  async remove(sender: Sender): Promise<void> {
    for (const Key of [senderKey(sender.accountSid, sender.sid), paceKey(sender.sid)]) {
      await dynamo.send(new DeleteCommand({ TableName: this.#table, Key }));
    }
    await unlessConditionFails(
      dynamo.send(
        new DeleteCommand({
          TableName: this.#table,
          Key: addressKey(sender.channel, sender.address),
          ConditionExpression: 'senderSid = :sid',
          ExpressionAttributeValues: { ':sid': sender.sid },
        }),
      ),
    );
    this.#recent.forget(`${sender.accountSid}/${sender.sid}`);
    this.#claims.forget(`${sender.channel}#${sender.address}`);
  }
}
