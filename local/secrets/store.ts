import { randomUUID } from 'node:crypto';
import { ACCOUNT_ID, REGION } from '../aws.ts';

/** An error as Secrets Manager names it; the server turns it into the protocol's error body. */
export class SecretsError extends Error {
  readonly code: string;

  constructor(code: string, message: string) {
    super(message);
    this.code = code;
  }
}

interface Version {
  id: string;
  createdAt: number;
  secretString: string | undefined;
  stages: string[];
}

interface Secret {
  arn: string;
  name: string;
  description: string | undefined;
  versions: Version[];
  /** Waiting for the end of its recovery window: its name is still taken, its value no longer readable. */
  deleted: boolean;
}

/** The secrets of a Secrets Manager, in memory. A secret keeps its current version and the one before. */
export class SecretStore {
  readonly #secrets = new Map<string, Secret>();

  create(name: string, secretString: string | undefined, token: string = randomUUID(), description?: string) {
    const existing = this.#secrets.get(name);
    if (existing?.deleted) throw scheduledForDeletion();
    if (existing) {
      throw new SecretsError(
        'ResourceExistsException',
        `The operation failed because the secret ${name} already exists.`,
      );
    }
    // Secrets Manager ends every ARN in a dash and six characters, so a name deleted and made again is another ARN.
    const arn = `arn:aws:secretsmanager:${REGION}:${ACCOUNT_ID}:secret:${name}-${randomUUID().slice(0, 6)}`;
    const secret: Secret = { arn, name, description, versions: [], deleted: false };
    this.#secrets.set(name, secret);
    if (secretString !== undefined) addVersion(secret, secretString, token);
    return secret;
  }

  /** A new current version; the same token with the same value changes nothing, as in AWS. */
  put(secretId: string, secretString: string, token: string = randomUUID()) {
    const secret = this.find(secretId);
    const repeated = secret.versions.find(({ id }) => id === token);
    if (repeated && repeated.secretString !== secretString) {
      throw new SecretsError(
        'ResourceExistsException',
        'You can only create a new version with a new ClientRequestToken.',
      );
    }
    return { secret, version: repeated ?? addVersion(secret, secretString, token) };
  }

  describe(secretId: string, description: string): void {
    this.find(secretId).description = description;
  }

  read(secretId: string, { stage, versionId }: { stage?: string | undefined; versionId?: string | undefined } = {}) {
    const secret = this.find(secretId);
    const wanted = stage ?? (versionId === undefined ? 'AWSCURRENT' : undefined);
    const version = secret.versions.find(
      ({ id, stages }) =>
        (versionId === undefined || id === versionId) && (wanted === undefined || stages.includes(wanted)),
    );
    if (!version) {
      const label = wanted === undefined ? `VersionId: ${versionId}` : `staging label: ${wanted}`;
      throw new SecretsError(
        'ResourceNotFoundException',
        `Secrets Manager can't find the specified secret value for ${label}`,
      );
    }
    return { secret, version };
  }

  /** @param force at once, without the recovery window in which the name stays taken */
  delete(secretId: string, force: boolean): Secret {
    const secret = this.find(secretId);
    secret.deleted = true;
    if (force) this.#secrets.delete(secret.name);
    return secret;
  }

  has(secretId: string): boolean {
    return [...this.#secrets.values()].some(({ arn, name, deleted }) => !deleted && [arn, name].includes(secretId));
  }

  /** Of all secrets whose values can be read. */
  names(): string[] {
    return [...this.#secrets.values()].filter(({ deleted }) => !deleted).map(({ name }) => name);
  }

  /** By name, by ARN, or by ARN without its six last characters. */
  find(secretId: string): Secret {
    for (const secret of this.#secrets.values()) {
      if (![secret.name, secret.arn, secret.arn.slice(0, -7)].includes(secretId)) continue;
      if (secret.deleted) throw scheduledForDeletion();
      return secret;
    }
    throw new SecretsError('ResourceNotFoundException', "Secrets Manager can't find the specified secret.");
  }
}

function scheduledForDeletion(): SecretsError {
  return new SecretsError(
    'InvalidRequestException',
    'You tried to perform the operation on a secret that is currently marked deleted.',
  );
}

function addVersion(secret: Secret, secretString: string, token: string): Version {
  const previous = secret.versions.find(({ stages }) => stages.includes('AWSCURRENT'));
  if (previous) previous.stages = ['AWSPREVIOUS'];
  const version: Version = { id: token, createdAt: Date.now() / 1000, secretString, stages: ['AWSCURRENT'] };
  secret.versions = previous ? [version, previous] : [version];
  return version;
}
