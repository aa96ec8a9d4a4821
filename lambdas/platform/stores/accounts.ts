import { GetCommand } from '@aws-sdk/lib-dynamodb';
import { type Account, accountSchema } from '../../domain/account.ts';
import { dynamo } from '../clients.ts';
import { Remembered } from '../remembered.ts';
import { accountKey } from '../table.ts';

/** Accounts. The root account exists without an item, so that a deployment needs no first write. */
export class AccountStore {
  readonly #table: string;
  readonly #rootAccountSid: string;
  // A suspended account must stop soon, so only for seconds.
  readonly #recent = new Remembered<Account>(30_000);

  constructor(table: string, rootAccountSid: string) {
    this.#table = table;
    this.#rootAccountSid = rootAccountSid;
  }

  async get(accountSid: string): Promise<Account | undefined> {
    return this.#recent.get(accountSid, async () => {
      const { Item } = await dynamo.send(new GetCommand({ TableName: this.#table, Key: accountKey(accountSid) }));
      if (Item) return accountSchema.parse(Item);
      return accountSid === this.#rootAccountSid ? { sid: accountSid, status: 'active', generation: 1 } : undefined;
    });
  }
}
