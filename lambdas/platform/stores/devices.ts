import { DeleteCommand, GetCommand, PutCommand, paginateQuery, UpdateCommand } from '@aws-sdk/lib-dynamodb';
import { type Device, deviceSchema } from '../../domain/device.ts';
import { updateParts } from '../changes.ts';
import { dynamo } from '../clients.ts';
import { DEVICES, deviceKey, unlessConditionFails } from '../table.ts';

/** What should run: one record per device, all in one list, so that nobody has to scan the table for them. */
export class DeviceStore {
  readonly #table: string;

  constructor(table: string) {
    this.#table = table;
  }

  async get(senderSid: string): Promise<Device | undefined> {
    const { Item } = await dynamo.send(
      new GetCommand({ TableName: this.#table, Key: deviceKey(senderSid), ConsistentRead: true }),
    );
    return Item && deviceSchema.parse(Item);
  }

  /** All devices. A few thousand are a few pages. */
  async list(): Promise<Device[]> {
    const devices: Device[] = [];
    const pages = paginateQuery(
      { client: dynamo },
      {
        TableName: this.#table,
        KeyConditionExpression: 'pk = :devices',
        ExpressionAttributeValues: { ':devices': DEVICES },
        ConsistentRead: true,
      },
    );
    for await (const { Items = [] } of pages) devices.push(...Items.map((item) => deviceSchema.parse(item)));
    return devices;
  }

  /** Stores a new device; one that is stored already is left as it is. @returns the device as it is now */
  async ensure(device: Device): Promise<Device> {
    const put = new PutCommand({
      TableName: this.#table,
      Item: { ...deviceKey(device.senderSid), ...device },
      ConditionExpression: 'attribute_not_exists(pk)',
    });
    if (await unlessConditionFails(dynamo.send(put))) return device;
    const stored = await this.get(device.senderSid);
    if (!stored) throw new Error('The device was removed at the same moment.');
    return stored;
  }

  /**
   * Changes what is named and leaves the rest; `undefined` removes. A device that is gone stays gone.
   * @returns the device as it is now; undefined when it is gone
   */
  async update(
    senderSid: string,
    changes: Partial<Omit<Device, 'senderSid' | 'accountSid'>>,
  ): Promise<Device | undefined> {
    const written = await unlessConditionFails(
      dynamo.send(
        new UpdateCommand({
          TableName: this.#table,
          Key: deviceKey(senderSid),
          ...updateParts(changes),
          ConditionExpression: 'attribute_exists(pk)',
          ReturnValues: 'ALL_NEW',
        }),
      ),
    );
    return written && deviceSchema.parse(written.Attributes);
  }

  async remove(senderSid: string): Promise<void> {
    await dynamo.send(new DeleteCommand({ TableName: this.#table, Key: deviceKey(senderSid) }));
  }
}
