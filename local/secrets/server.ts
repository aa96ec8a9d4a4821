import { randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import { text } from 'node:stream/consumers';
import { z } from 'zod';
import { close, listen } from '../listen.ts';
import type { Calls } from '../protocol/calls.ts';
import { SecretStore, SecretsError } from './store.ts';

const token = z.string().optional();
const secretId = z.string();

/**
 * Secrets Manager's JSON 1.1 protocol over a store in memory: the actions that this product uses and no others.
 * Binary secrets are refused; the product keeps JSON.
 */
export class SecretsManager {
  readonly url: string;
  readonly store: SecretStore;
  readonly #server: Server;

  private constructor(server: Server, store: SecretStore, url: string) {
    this.#server = server;
    this.store = store;
    this.url = url;
  }

  /** @param calls counts what it is asked */
  static async start(calls?: Calls): Promise<SecretsManager> {
    const store = new SecretStore();
    const server = createServer(async (request, response) => {
      const { status, body } = await answer(store, request);
      response.writeHead(status, { 'content-type': 'application/x-amz-json-1.1', 'x-amzn-requestid': randomUUID() });
      response.end(JSON.stringify(body));
    });
    calls?.watch('Secrets Manager', server);
    const port = await listen(server, 0);
    return new SecretsManager(server, store, `http://127.0.0.1:${port}`);
  }

  async stop(): Promise<void> {
    await close(this.#server);
  }
}

type Action = (store: SecretStore, input: unknown) => Record<string, unknown>;

const ACTIONS: Record<string, Action> = {
  CreateSecret(store, input) {
    const { Name, SecretString, ClientRequestToken, Description } = z
      .object({ Name: z.string(), SecretString: token, ClientRequestToken: token, Description: token })
      .parse(input);
    const secret = store.create(Name, SecretString, ClientRequestToken, Description);
    return { ARN: secret.arn, Name: secret.name, VersionId: secret.versions[0]?.id };
  },
  GetSecretValue(store, input) {
    const { SecretId, VersionStage, VersionId } = z
      .object({ SecretId: secretId, VersionStage: token, VersionId: token })
      .parse(input);
    const { secret, version } = store.read(SecretId, { stage: VersionStage, versionId: VersionId });
    return {
      ARN: secret.arn,
      Name: secret.name,
      VersionId: version.id,
      SecretString: version.secretString,
      VersionStages: version.stages,
      CreatedDate: version.createdAt,
    };
  },
  PutSecretValue(store, input) {
    const { SecretId, SecretString, ClientRequestToken } = z
      .object({ SecretId: secretId, SecretString: z.string(), ClientRequestToken: token })
      .parse(input);
    const { secret, version } = store.put(SecretId, SecretString, ClientRequestToken);
    return { ARN: secret.arn, Name: secret.name, VersionId: version.id, VersionStages: version.stages };
  },
  UpdateSecret(store, input) {
    const { SecretId, SecretString, ClientRequestToken, Description } = z
      .object({ SecretId: secretId, SecretString: token, ClientRequestToken: token, Description: token })
      .parse(input);
    if (Description !== undefined) store.describe(SecretId, Description);
    const secret = store.find(SecretId);
    if (SecretString === undefined) return { ARN: secret.arn, Name: secret.name };
    const { version } = store.put(SecretId, SecretString, ClientRequestToken);
    return { ARN: secret.arn, Name: secret.name, VersionId: version.id };
  },
  DeleteSecret(store, input) {
    const { SecretId, ForceDeleteWithoutRecovery } = z
      .object({ SecretId: secretId, ForceDeleteWithoutRecovery: z.boolean().default(false) })
      .parse(input);
    const secret = store.delete(SecretId, ForceDeleteWithoutRecovery);
    return { ARN: secret.arn, Name: secret.name, DeletionDate: Date.now() / 1000 };
  },
  DescribeSecret(store, input) {
    const { SecretId } = z.object({ SecretId: secretId }).parse(input);
    const secret = store.find(SecretId);
    return {
      ARN: secret.arn,
      Name: secret.name,
      Description: secret.description,
      VersionIdsToStages: Object.fromEntries(secret.versions.map(({ id, stages }) => [id, stages])),
    };
  },
};

async function answer(store: SecretStore, request: IncomingMessage): Promise<{ status: number; body: unknown }> {
  const name = String(request.headers['x-amz-target']).replace(/^secretsmanager\./, '');
  const action = ACTIONS[name];
  if (!action) return failure('UnknownOperationException', `The local Secrets Manager does not know ${name}.`);
  try {
    return { status: 200, body: action(store, JSON.parse(await text(request))) };
  } catch (error) {
    if (error instanceof SecretsError) return failure(error.code, error.message);
    if (error instanceof z.ZodError) return failure('InvalidParameterException', z.prettifyError(error));
    return failure('InvalidRequestException', 'The request is no JSON document.');
  }
}

function failure(code: string, message: string): { status: number; body: unknown } {
  return { status: 400, body: { __type: code, Message: message, message } };
}
