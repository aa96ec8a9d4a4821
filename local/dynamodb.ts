import { CreateTableCommand, type CreateTableCommandInput, DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { DynamoDBDocumentClient, paginateScan } from '@aws-sdk/lib-dynamodb';
import dynalite from 'dynalite';
import { z } from 'zod';
import { ACCOUNT_ID, CREDENTIALS, REGION } from './aws.ts';
import { close, listen } from './listen.ts';
import type { Calls } from './protocol/calls.ts';

const keySchema = z.array(z.object({ AttributeName: z.string(), KeyType: z.enum(['HASH', 'RANGE']) }));
const projectionSchema = z.object({
  ProjectionType: z.enum(['ALL', 'INCLUDE', 'KEYS_ONLY']),
  NonKeyAttributes: z.array(z.string()).optional(),
});

/** The properties of a table that matter here; TTL, recovery and encryption change nothing on one machine. */
export const tableSchema = z.object({
  KeySchema: keySchema,
  AttributeDefinitions: z.array(z.object({ AttributeName: z.string(), AttributeType: z.enum(['S', 'N', 'B']) })),
  GlobalSecondaryIndexes: z
    .array(z.object({ IndexName: z.string(), KeySchema: keySchema, Projection: projectionSchema }))
    .optional(),
});

/** DynamoDB in memory. It has no transactions and expires nothing. */
export class DynamoDb {
  readonly url: string;
  readonly #server: ReturnType<typeof dynalite>;
  readonly #client: DynamoDBDocumentClient;
  readonly #tables: string[] = [];

  private constructor(server: ReturnType<typeof dynalite>, url: string) {
    this.#server = server;
    this.url = url;
    this.#client = DynamoDBDocumentClient.from(
      new DynamoDBClient({ endpoint: url, region: REGION, credentials: CREDENTIALS }),
    );
  }

  /** @param calls counts what it is asked */
  static async start(calls?: Calls): Promise<DynamoDb> {
    const server = dynalite({ createTableMs: 0 });
    calls?.watch('DynamoDB', server);
    const port = await listen(server, 0);
    return new DynamoDb(server, `http://127.0.0.1:${port}`);
  }

  async createTable(name: string, properties: unknown): Promise<{ ref: string; attributes: Record<string, string> }> {
    const input: CreateTableCommandInput = {
      TableName: name,
      BillingMode: 'PAY_PER_REQUEST',
      ...tableSchema.parse(properties),
    };
    await this.#client.send(new CreateTableCommand(input));
    this.#tables.push(name);
    return { ref: name, attributes: { Arn: `arn:aws:dynamodb:${REGION}:${ACCOUNT_ID}:table/${name}` } };
  }

  /** Every item of every table, for tests that assert what was stored and what was not. */
  async items(): Promise<Record<string, unknown>[]> {
    const items: Record<string, unknown>[] = [];
    for (const TableName of this.#tables) {
      for await (const page of paginateScan({ client: this.#client }, { TableName })) items.push(...(page.Items ?? []));
    }
    return items;
  }

  async stop(): Promise<void> {
    this.#client.destroy();
    await close(this.#server);
  }
}
