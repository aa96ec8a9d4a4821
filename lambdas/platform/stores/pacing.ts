import { GetCommand, UpdateCommand } from '@aws-sdk/lib-dynamodb';
import { intervalOf, latestTat, type Rate, slotsAfter, tatToPauseUntil, toleranceOf } from '../../domain/pacing.ts';
import { dynamo } from '../clients.ts';
import { paceKey, unlessConditionFails } from '../table.ts';

/** Slots to send in (when each opens), or how long until it is worth asking again. Milliseconds. */
export type Reservation = { slots: number[] } | { waitMs: number };

/** How far ahead slots are given out: longer waits are spent in the queue, where nobody pays for them. */
const HORIZON_MS = 1_000;

/** Pacing state, one item per sender, shared by every running function. */
export class PacingStore {
  readonly #table: string;
  /** The TAT last seen here per sender: decides which condition is tried first, so that one write is enough. */
  readonly #seen = new Map<string, number>();

  constructor(table: string) {
    this.#table = table;
  }

  /** Reserves `count` slots with one conditional write (a second one only when another function changed the state). */
  async reserve(senderSid: string, count: number, rate: Rate, now: number): Promise<Reservation> {
    const cost = count * intervalOf(rate);
    const limit = latestTat(count, rate, now, HORIZON_MS);
    const attempts = [() => this.#startFresh(senderSid, cost, now), () => this.#queueUp(senderSid, cost, now, limit)];
    if ((this.#seen.get(senderSid) ?? 0) > now) attempts.reverse();
    for (const attempt of attempts) {
      const tat = await attempt();
      if (tat !== undefined) {
        this.#seen.set(senderSid, tat);
        return { slots: slotsAfter(tat - cost, count, rate, now) };
      }
    }
    const { Item } = await dynamo.send(
      new GetCommand({ TableName: this.#table, Key: paceKey(senderSid), ConsistentRead: true }),
    );
    const tat = Number(Item?.['tat'] ?? now);
    this.#seen.set(senderSid, tat);
    return { waitMs: Math.max(50, tat - toleranceOf(rate) - now) };
  }

  /** Gives out no slot of this sender before `until`: the provider said 429. */
  async pause(senderSid: string, until: number, rate: Rate): Promise<void> {
    const tat = tatToPauseUntil(until, rate);
    this.#seen.set(senderSid, tat);
    await unlessConditionFails(
      dynamo.send(
        new UpdateCommand({
          TableName: this.#table,
          Key: paceKey(senderSid),
          UpdateExpression: 'SET tat = :tat',
          ConditionExpression: 'attribute_not_exists(tat) OR tat < :tat',
          ExpressionAttributeValues: { ':tat': tat },
        }),
      ),
    );
  }

  /** The sender was idle: its TAT is in the past. */
  async #startFresh(senderSid: string, cost: number, now: number): Promise<number | undefined> {
    return this.#write(senderSid, 'SET tat = :next', 'attribute_not_exists(tat) OR tat <= :now', {
      ':next': now + cost,
      ':now': now,
    });
  }

  /** The sender is busy: the slots follow those already given out, if they open soon enough. */
  async #queueUp(senderSid: string, cost: number, now: number, limit: number): Promise<number | undefined> {
    return this.#write(senderSid, 'SET tat = tat + :cost', 'tat > :now AND tat <= :limit', {
      ':cost': cost,
      ':now': now,
      ':limit': limit,
    });
  }

  async #write(
    senderSid: string,
    update: string,
    condition: string,
    values: Record<string, number>,
  ): Promise<number | undefined> {
    const written = await unlessConditionFails(
      dynamo.send(
        new UpdateCommand({
          TableName: this.#table,
          Key: paceKey(senderSid),
          UpdateExpression: update,
          ConditionExpression: condition,
          ExpressionAttributeValues: values,
          ReturnValues: 'UPDATED_NEW',
        }),
      ),
    );
    return written && Number(written.Attributes?.['tat']);
  }
}
