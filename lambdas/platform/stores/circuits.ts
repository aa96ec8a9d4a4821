import { GetCommand, UpdateCommand } from '@aws-sdk/lib-dynamodb';
import * as z from 'zod';
import { type Circuit, PROBE_MS } from '../../domain/circuit.ts';
import { dynamo } from '../clients.ts';
import { circuitKey, unlessConditionFails } from '../table.ts';

/** Seconds until a circuit that nobody asks for any more is forgotten. */
const LIFETIME = 3_600;

const circuitSchema = z.object({
  openUntil: z.number().optional(),
  opens: z.number().optional(),
  probeUntil: z.number().optional(),
  averageMs: z.number().optional(),
  averageUntil: z.number().optional(),
});

/**
 * What is known of hosts that cannot be reached or are slow; one that is well has no item. Each change of a circuit is
 * conditional on the `openUntil` that its writer saw, so of several functions exactly one makes it.
 */
export class CircuitStore {
  readonly #table: string;

  constructor(table: string) {
    this.#table = table;
  }

  /** @param consistent for who has just been told that it knows old news */
  async get(key: string, consistent = false): Promise<Circuit> {
    const { Item = {} } = await dynamo.send(
      new GetCommand({ TableName: this.#table, Key: circuitKey(key), ConsistentRead: consistent }),
    );
    return circuitSchema.parse(Item);
  }

  /** Opens a circuit, or opens it again after a probe that failed. False when it is no longer as it was seen. */
  open(key: string, seen: Circuit, next: { openUntil: number; opens: number }, now: number): Promise<boolean> {
    // How slow a host was says nothing of how slow it is when it comes back.
    const update = 'SET openUntil = :openUntil, opens = :opens, #ttl = :ttl REMOVE probeUntil, averageMs, averageUntil';
    return this.#change(key, seen, update, { ':openUntil': next.openUntil, ':opens': next.opens, ':ttl': ttl(now) });
  }

  /** Takes the right to try a host whose circuit is open, until `PROBE_MS` from now. False when somebody else has it. */
  takeProbe(key: string, seen: Circuit, now: number): Promise<boolean> {
    return this.#change(
      key,
      seen,
      'SET probeUntil = :until, #ttl = :ttl',
      { ':until': now + PROBE_MS, ':now': now, ':ttl': ttl(now) },
      'AND (attribute_not_exists(probeUntil) OR probeUntil <= :now)',
    );
  }

  /** Closes a circuit. False when it is no longer as it was seen. */
  close(key: string, seen: Circuit, now: number): Promise<boolean> {
    return this.#change(key, seen, 'SET #ttl = :ttl REMOVE openUntil, opens, probeUntil', { ':ttl': ttl(now) });
  }

  /** Tells all functions that a host is slow, until `averageUntil`. */
  async setAverage(key: string, averageMs: number, averageUntil: number, now: number): Promise<void> {
    await dynamo.send(
      new UpdateCommand({
        TableName: this.#table,
        Key: circuitKey(key),
        UpdateExpression: 'SET averageMs = :average, averageUntil = :until, #ttl = :ttl',
        ExpressionAttributeNames: { '#ttl': 'ttl' },
        ExpressionAttributeValues: { ':average': averageMs, ':until': averageUntil, ':ttl': ttl(now) },
      }),
    );
  }

  async #change(
    key: string,
    { openUntil }: Circuit,
    update: string,
    values: Record<string, number>,
    condition = '',
  ): Promise<boolean> {
    const isAsSeen = openUntil === undefined ? 'attribute_not_exists(openUntil)' : 'openUntil = :seen';
    const written = await unlessConditionFails(
      dynamo.send(
        new UpdateCommand({
          TableName: this.#table,
          Key: circuitKey(key),
          UpdateExpression: update,
          ConditionExpression: `${isAsSeen} ${condition}`.trim(),
          ExpressionAttributeNames: { '#ttl': 'ttl' },
          ExpressionAttributeValues: { ...values, ...(openUntil !== undefined && { ':seen': openUntil }) },
        }),
      ),
    );
    return written !== undefined;
  }
}

const ttl = (now: number): number => Math.floor(now / 1_000) + LIFETIME;
