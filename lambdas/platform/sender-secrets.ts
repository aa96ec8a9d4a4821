import {
  CreateSecretCommand,
  DeleteSecretCommand,
  GetSecretValueCommand,
  PutSecretValueCommand,
  ResourceNotFoundException,
} from '@aws-sdk/client-secrets-manager';
import { type SenderSecret, senderSecretSchema } from '../domain/sender.ts';
import { secretsManager } from './clients.ts';
import { Remembered } from './remembered.ts';

/** Senders' secrets in Secrets Manager: one JSON document each, named with the deployment's prefix and the sender's SID. */
export class SenderSecrets {
  readonly #prefix: string;
  // Minutes, as a secret changes rarely; whoever meets an `auth` failure asks for a fresh one.
  readonly #recent = new Remembered<SenderSecret>(300_000);

  constructor(prefix: string) {
    this.#prefix = prefix;
  }

  idFor(senderSid: string): string {
    return this.#prefix + senderSid;
  }

  async get(secretId: string, { fresh = false } = {}): Promise<SenderSecret> {
    if (fresh) this.#recent.forget(secretId);
    const secret = await this.#recent.get(secretId, async () => {
      const { SecretString } = await secretsManager.send(new GetSecretValueCommand({ SecretId: secretId }));
      return senderSecretSchema.parse(JSON.parse(SecretString ?? '{}'));
    });
    if (!secret) throw new Error(`The secret ${secretId} is empty.`);
    return secret;
  }

  async create(secretId: string, secret: SenderSecret): Promise<void> {
    await secretsManager.send(new CreateSecretCommand({ Name: secretId, SecretString: JSON.stringify(secret) }));
  }

  /**
   * Stores what `change` makes of the secret as it is, or of none.
   * @returns what is stored
   */
  async save(secretId: string, change: (before: SenderSecret | undefined) => SenderSecret): Promise<SenderSecret> {
    const before = await this.get(secretId, { fresh: true }).catch((error: unknown) => {
      if (!(error instanceof ResourceNotFoundException)) throw error;
      return undefined;
    });
    const secret = change(before);
    await (before ? this.put(secretId, secret) : this.create(secretId, secret));
    return secret;
  }

  /** Stores a new version, then remembers it: nothing uses a session that is not stored. */
  async put(secretId: string, secret: SenderSecret): Promise<void> {
    await secretsManager.send(new PutSecretValueCommand({ SecretId: secretId, SecretString: JSON.stringify(secret) }));
    this.#recent.set(secretId, secret);
  }

  /** Deletes at once, so that the name is free again; a secret that is gone already is no error. */
  async remove(secretId: string): Promise<void> {
    this.#recent.forget(secretId);
    try {
      await secretsManager.send(new DeleteSecretCommand({ SecretId: secretId, ForceDeleteWithoutRecovery: true }));
    } catch (error) {
      if (!(error instanceof ResourceNotFoundException)) throw error;
    }
  }
}
