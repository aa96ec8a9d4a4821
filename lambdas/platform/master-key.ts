import { GetSecretValueCommand } from '@aws-sdk/client-secrets-manager';
import { deriveAuthToken } from '../domain/auth-token.ts';
import { secretsManager } from './clients.ts';

/** The deployment's master key, read once per execution environment: it never changes. */
export class MasterKey {
  readonly #secretId: string;
  #key: Promise<string> | undefined;

  constructor(secretId: string) {
    this.#secretId = secretId;
  }

  /** The auth token of an account at a generation. */
  async authToken(account: { sid: string; generation: number }): Promise<string> {
    this.#key ??= this.#read();
    try {
      return deriveAuthToken(await this.#key, account.sid, account.generation);
    } catch (error) {
      this.#key = undefined;
      throw error;
    }
  }

  async #read(): Promise<string> {
    const { SecretString } = await secretsManager.send(new GetSecretValueCommand({ SecretId: this.#secretId }));
    if (!SecretString) throw new Error('The master key secret is empty; redeploy the storage stack to make one.');
    return SecretString;
  }
}
