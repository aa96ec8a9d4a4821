import { DeleteCommand, GetCommand, PutCommand, paginateQuery, UpdateCommand } from '@aws-sdk/lib-dynamodb';
import * as z from 'zod';
import { type ExecutionInput, type Registration, registrationSchema } from '../../domain/registration.ts';
import { updateParts } from '../changes.ts';
import { dynamo } from '../clients.ts';
import { registrationKey, underWayKey, unlessConditionFails } from '../table.ts';

/** What may change under one execution: the next one begins with a record of its own (`put`). */
export type RegistrationChanges = Partial<
  Omit<Registration, 'accountSid' | 'senderSid' | 'attempt' | 'executionArn' | 'state'>
> & { state?: 'failed' | 'done' };

const underWaySchema = z.object({ accountSid: z.string(), sk: z.string() });

/**
 * What the gateway does with numbers, one record per sender. Reads are consistent and nothing is remembered: several
 * functions act on a record in turn. Two who want to act at once are told apart by the execution that the record names.
 *
 * Records under way are listed too, so that one whose execution has died is found without a scan: listed before they are
 * stored, struck off after they have ended. So the list has all of them, and may have a few that have ended.
 */
export class RegistrationStore {
  readonly #table: string;

  constructor(table: string) {
    this.#table = table;
  }

  async get(senderSid: string): Promise<Registration | undefined> {
    const { Item } = await dynamo.send(
      new GetCommand({ TableName: this.#table, Key: registrationKey(senderSid), ConsistentRead: true }),
    );
    return Item ? registrationSchema.parse(Item) : undefined;
  }

  /**
   * Stores a whole record, with which an execution begins, if what it takes the place of is still as it was read.
   * @param replaced the record as read; undefined: there was none
   * @returns false when somebody else was faster
   */
  async put(record: Registration, replaced?: Pick<Registration, 'executionArn'>): Promise<boolean> {
    const { accountSid, senderSid, executionArn } = record;
    const marker = { ...underWayKey(senderSid), accountSid, executionArn };
    await dynamo.send(new PutCommand({ TableName: this.#table, Item: marker }));
    const condition = replaced
      ? {
          ConditionExpression: 'executionArn = :replaced',
          ExpressionAttributeValues: { ':replaced': replaced.executionArn },
        }
      : { ConditionExpression: 'attribute_not_exists(pk)' };
    const Item = { ...registrationKey(senderSid), ...record };
    const written = dynamo.send(new PutCommand({ TableName: this.#table, Item, ...condition }));
    return (await unlessConditionFails(written)) !== undefined;
  }

  /**
   * Changes what is named and leaves the rest; `undefined` removes. A record that is gone stays gone.
   * @param onlyIfExecution the execution that acts: nothing is changed once the record names another one
   * @returns the record as it is now; undefined when nothing was changed
   */
  async update(
    senderSid: string,
    changes: RegistrationChanges,
    { onlyIfExecution }: { onlyIfExecution?: string } = {},
  ): Promise<Registration | undefined> {
    const isOwned = onlyIfExecution === undefined ? '' : ' AND executionArn = :onlyIfExecution';
    const update = new UpdateCommand({
      TableName: this.#table,
      Key: registrationKey(senderSid),
      ...updateParts(changes, onlyIfExecution === undefined ? {} : { ':onlyIfExecution': onlyIfExecution }),
      ConditionExpression: `attribute_exists(pk)${isOwned}`,
      ReturnValues: 'ALL_NEW',
    });
    const written = await unlessConditionFails(dynamo.send(update));
    if (!written) return undefined;
    const record = registrationSchema.parse(written.Attributes);
    if (changes.state !== undefined) await this.#strikeOff(record);
    return record;
  }

  async remove(senderSid: string): Promise<void> {
    await dynamo.send(new DeleteCommand({ TableName: this.#table, Key: registrationKey(senderSid) }));
    await dynamo.send(new DeleteCommand({ TableName: this.#table, Key: underWayKey(senderSid) }));
  }

  /** The senders for which something is under way, and perhaps a few for which it has ended. */
  async underWay(): Promise<ExecutionInput[]> {
    const found: ExecutionInput[] = [];
    const pages = paginateQuery(
      { client: dynamo },
      {
        TableName: this.#table,
        KeyConditionExpression: 'pk = :list',
        ExpressionAttributeValues: { ':list': underWayKey('').pk },
        ConsistentRead: true,
      },
    );
    for await (const { Items = [] } of pages) {
      const markers = Items.map((item) => underWaySchema.parse(item));
      found.push(...markers.map(({ accountSid, sk }) => ({ accountSid, senderSid: sk })));
    }
    return found;
  }

  /** Unless another execution has begun meanwhile and listed itself. */
  async #strikeOff({ senderSid, executionArn }: Registration): Promise<void> {
    await unlessConditionFails(
      dynamo.send(
        new DeleteCommand({
          TableName: this.#table,
          Key: underWayKey(senderSid),
          ConditionExpression: 'executionArn = :ended',
          ExpressionAttributeValues: { ':ended': executionArn },
        }),
      ),
    );
  }
}
