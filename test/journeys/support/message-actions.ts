import { randomBytes } from 'node:crypto';
import { DynamoDBClient, ListTablesCommand } from '@aws-sdk/client-dynamodb';
import { DeleteCommand, DynamoDBDocumentClient, PutCommand } from '@aws-sdk/lib-dynamodb';
import { messageKey, scheduledKey } from '../../../lambdas/platform/table.ts';
import { CREDENTIALS, REGION } from '../../../local/aws.ts';
import type { LocalStack } from '../../../local/stack.ts';

/** What journeys of messages do with the local stack's table that no customer could. */
export class MessageActions {
  readonly #stack: LocalStack;
  readonly #client: DynamoDBDocumentClient;

  constructor(stack: LocalStack) {
    this.#stack = stack;
    const endpoint = stack.endpoints.dynamodb;
    this.#client = DynamoDBDocumentClient.from(
      new DynamoDBClient({ endpoint, region: REGION, credentials: CREDENTIALS }),
    );
  }

  stop(): void {
    this.#client.destroy();
  }

  /** Stores another message like one that was accepted, of the same instant, and nothing else. @returns its SID */
  async storeUnqueued(like: string): Promise<string> {
    const item = await this.#find(({ sid, timeline }) => sid === like && timeline !== undefined, like);
    // The first 12 digits are the time.
    const sid = like.slice(0, 14) + randomBytes(10).toString('hex');
    const { dateSent, leaseUntil, channelMessageIds, timeline, ...rest } = item;
    const accountSid = String(item['pk']).split('#')[0] ?? '';
    const [accepted] = timeline as unknown[];
    const stored = { ...rest, ...messageKey(accountSid, sid), sid, status: 'queued', attempt: 0, timeline: [accepted] };
    await this.#client.send(new PutCommand({ TableName: await this.#table(), Item: stored }));
    return sid;
  }

  /** The time of a scheduled message comes now: what is to be done with it is listed under another time. */
  async comeDue(messageSid: string): Promise<void> {
    const TableName = await this.#table();
    const { pk, sk, ...entry } = await this.#find(
      (item) => item['messageSid'] === messageSid && String(item['pk']).startsWith('SCHEDULED#'),
      messageSid,
    );
    const at = Date.now();
    const Item = { ...entry, ...scheduledKey(messageSid.slice(-1), at, messageSid), at };
    await this.#client.send(new PutCommand({ TableName, Item }));
    await this.#client.send(new DeleteCommand({ TableName, Key: { pk, sk } }));
  }

  async #find(isIt: (item: Record<string, unknown>) => boolean, what: string): Promise<Record<string, unknown>> {
    const item = (await this.#stack.items()).find(isIt);
    if (!item) throw new Error(`The table holds no ${what}.`);
    return item;
  }

  async #table(): Promise<string> {
    const { TableNames: [name = ''] = [] } = await this.#client.send(new ListTablesCommand());
    return name;
  }
}
