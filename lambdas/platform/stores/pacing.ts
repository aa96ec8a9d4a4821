import { GetCommand, UpdateCommand } from '@aws-sdk/lib-dynamodb';
import { isTimeToRelease } from '../../domain/backlog.ts';
import { intervalOf, latestTat, type Rate, slotsAfter, tatToPauseUntil, toleranceOf } from '../../domain/pacing.ts';
import { dynamo } from '../clients.ts';
import { paceKey, unlessConditionFails } from '../table.ts';
import { backlogStateSchema } from './backlogs.ts';

/** Slots to send in (when each opens), or how long until it is worth asking again; in ms. */
export type Reservation = ({ slots: number[] } | { waitMs: number }) & {
  /** Whether more of the sender waits in its backlog. */
  hasBacklog: boolean;
  /** Whether it is time to release some of that. */
  wantsRelease: boolean;
};

/**
 * How far ahead slots are given out, in ms: longer waits are spent in the queue, where nobody pays for them. Who may reserve further
 * ahead goes before the others: when these find all slots taken, there are still some for replies.
 */
export const HORIZON_MS = { campaign: 300, reply: 2_000 } as const;

/** Pacing state, one item per sender, shared by every running function. */
export class PacingStore {
  readonly #table: string;
  /** The TAT last seen here per sender: decides which condition is tried first, so that one write is enough. */
  readonly #seen = new Map<string, number>();

  constructor(table: string) {
    this.#table = table;
  }

  /**
   * Reserves `count` slots with one conditional write (a second one only when another function changed the state).
   * @param released how many of them are for messages that waited in the backlog; the same write counts these as gone
   */
  async reserve(
    senderSid: string,
    count: number,
    rate: Rate,
    now: number,
    horizonMs: number = HORIZON_MS.campaign,
    released = 0,
  ): Promise<Reservation> {
    const cost = count * intervalOf(rate);
    const limit = latestTat(count, rate, now, horizonMs);
    const attempts = [
      () => this.#startFresh(senderSid, cost, released, now),
      () => this.#queueUp(senderSid, cost, released, now, limit),
    ];
    if ((this.#seen.get(senderSid) ?? 0) > now) attempts.reverse();
    for (const attempt of attempts) {
      const written = await attempt();
      if (written) {
        const { tat, backlog } = stateOf(written, rate, now);
        this.#seen.set(senderSid, tat);
        return { slots: slotsAfter(tat - cost, count, rate, now), ...backlog };
      }
    }
    const { Item } = await dynamo.send(
      new GetCommand({ TableName: this.#table, Key: paceKey(senderSid), ConsistentRead: true }),
    );
    const { tat, backlog } = stateOf(Item, rate, now);
    this.#seen.set(senderSid, tat);
    return { waitMs: Math.max(50, tat - toleranceOf(rate) - now), ...backlog };
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
  async #startFresh(senderSid: string, cost: number, released: number, now: number): Promise<PaceItem | undefined> {
    const values = { ':next': now + cost, ':now': now };
    return this.#write(senderSid, 'tat = :next', released, 'attribute_not_exists(tat) OR tat <= :now', values);
  }

  /** The sender is busy: the slots follow those already given out, if they open soon enough. */
  async #queueUp(
    senderSid: string,
    cost: number,
    released: number,
    now: number,
    limit: number,
  ): Promise<PaceItem | undefined> {
    const values = { ':cost': cost, ':now': now, ':limit': limit };
    return this.#write(senderSid, 'tat = tat + :cost', released, 'tat > :now AND tat <= :limit', values);
  }

  async #write(
    senderSid: string,
    assignment: string,
    released: number,
    condition: string,
    values: Record<string, number>,
  ): Promise<PaceItem | undefined> {
    const written = await unlessConditionFails(
      dynamo.send(
        new UpdateCommand({
          TableName: this.#table,
          Key: paceKey(senderSid),
          UpdateExpression: `SET ${assignment}${released > 0 ? ', queued = if_not_exists(queued, :none) - :released' : ''}`,
          ConditionExpression: condition,
          ExpressionAttributeValues: { ...values, ...(released > 0 && { ':none': 0, ':released': released }) },
          // The whole item costs nothing more, and says whether there is a backlog.
          ReturnValues: 'ALL_NEW',
        }),
      ),
    );
    return written && (written.Attributes ?? {});
  }
}

type PaceItem = Record<string, unknown>;

interface State {
  tat: number;
  backlog: { hasBacklog: boolean; wantsRelease: boolean };
}

function stateOf(item: PaceItem | undefined, rate: Rate, now: number): State {
  const { data: backlog } = backlogStateSchema.safeParse(item);
  return {
    tat: Number(item?.['tat'] ?? now),
    backlog: {
      hasBacklog: backlog !== undefined,
      wantsRelease: backlog !== undefined && backlog.heldUntil <= now && isTimeToRelease(backlog, rate, now),
    },
  };
}
