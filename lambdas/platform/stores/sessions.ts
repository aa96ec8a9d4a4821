import { DeleteCommand, PutCommand, QueryCommand, UpdateCommand } from '@aws-sdk/lib-dynamodb';
import * as z from 'zod';
import { dynamo } from '../clients.ts';
import { RENEWALS, renewalKey, sessionKey, unlessConditionFails } from '../table.ts';

const renewalSchema = z.object({
  accountSid: z.string(),
  senderSid: z.string(),
  /** Ms since the epoch; part of the key, so that the first ones of the list are due first. */
  dueAt: z.number(),
  /** When the session ends, ISO 8601 UTC. */
  expiresAt: z.string(),
});
/** A session that is to be renewed at some time. */
export type Renewal = z.infer<typeof renewalSchema>;

const stateSchema = z.object({
  dueAt: z.number().optional(),
  /** Renewals that failed since the last one that did not. */
  failures: z.number().default(0),
});

/**
 * When each sender's session is to be renewed, and by whom. A list in the order of due times: who renews asks for the
 * first ones and reads nothing else, however many senders there are. One who renews a session holds its lease.
 */
export class SessionStore {
  readonly #table: string;

  constructor(table: string) {
    this.#table = table;
  }

  /** The renewals that are due, longest overdue first. */
  async due(now: number, limit: number): Promise<Renewal[]> {
    const { Items = [] } = await dynamo.send(
      new QueryCommand({
        TableName: this.#table,
        KeyConditionExpression: 'pk = :list AND sk < :now',
        ExpressionAttributeValues: { ':list': RENEWALS, ':now': renewalKey(now).sk },
        Limit: limit,
        ConsistentRead: true,
      }),
    );
    return Items.map((item) => renewalSchema.parse(item));
  }

  /**
   * Takes the right to renew a session for a while; undefined when somebody else has it.
   * @param renewal the entry of the list that asks for it: it must still be the one that counts
   */
  async lease(
    senderSid: string,
    now: number,
    forMs: number,
    renewal?: Renewal,
  ): Promise<{ failures: number } | undefined> {
    const isFree = '(attribute_not_exists(leaseUntil) OR leaseUntil <= :now)';
    const taken = await unlessConditionFails(
      dynamo.send(
        new UpdateCommand({
          TableName: this.#table,
          Key: sessionKey(senderSid),
          UpdateExpression: 'SET leaseUntil = :until',
          ConditionExpression: renewal ? `${isFree} AND dueAt = :due` : isFree,
          ExpressionAttributeValues: { ':now': now, ':until': now + forMs, ...(renewal && { ':due': renewal.dueAt }) },
          ReturnValues: 'ALL_NEW',
        }),
      ),
    );
    return taken && { failures: stateSchema.parse(taken.Attributes).failures };
  }

  /** Gives the lease back with nothing changed. */
  async release(senderSid: string): Promise<void> {
    await dynamo.send(
      new UpdateCommand({
        TableName: this.#table,
        Key: sessionKey(senderSid),
        UpdateExpression: 'REMOVE leaseUntil',
      }),
    );
  }

  /**
   * Sets when the session is to be renewed next and gives the lease back. The new entry is written before the old one is
   * removed, so a crash leaves one too many, never none: one that no longer counts is dropped when its time comes.
   */
  async schedule(next: Renewal, failures = 0): Promise<void> {
    const { senderSid, dueAt } = next;
    await dynamo.send(new PutCommand({ TableName: this.#table, Item: { ...renewalKey(dueAt, senderSid), ...next } }));
    const { Attributes } = await dynamo.send(
      new UpdateCommand({
        TableName: this.#table,
        Key: sessionKey(senderSid),
        UpdateExpression: 'SET dueAt = :due, failures = :failures REMOVE leaseUntil',
        ExpressionAttributeValues: { ':due': dueAt, ':failures': failures },
        ReturnValues: 'ALL_OLD',
      }),
    );
    const before = stateSchema.parse(Attributes ?? {}).dueAt;
    if (before !== undefined && before !== dueAt) await this.#remove(renewalKey(before, senderSid));
  }

  /** Removes an entry of the list unless it is the one that counts. */
  async dropStale({ senderSid, dueAt }: Renewal): Promise<void> {
    const isCurrent = await unlessConditionFails(
      dynamo.send(
        new UpdateCommand({
          TableName: this.#table,
          Key: sessionKey(senderSid),
          // Writes what is there already: only the condition matters.
          UpdateExpression: 'SET dueAt = :due',
          ConditionExpression: 'dueAt = :due',
          ExpressionAttributeValues: { ':due': dueAt },
        }),
      ),
    );
    if (!isCurrent) await this.#remove(renewalKey(dueAt, senderSid));
  }

  /** Forgets a sender that is gone. */
  async remove(senderSid: string): Promise<void> {
    const { Attributes } = await dynamo.send(
      new DeleteCommand({ TableName: this.#table, Key: sessionKey(senderSid), ReturnValues: 'ALL_OLD' }),
    );
    const { dueAt } = stateSchema.parse(Attributes ?? {});
    if (dueAt !== undefined) await this.#remove(renewalKey(dueAt, senderSid));
  }

  async #remove(Key: ReturnType<typeof renewalKey>): Promise<void> {
    await dynamo.send(new DeleteCommand({ TableName: this.#table, Key }));
  }
}
