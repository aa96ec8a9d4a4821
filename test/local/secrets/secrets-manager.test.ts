import {
  CreateSecretCommand,
  DeleteSecretCommand,
  DescribeSecretCommand,
  GetSecretValueCommand,
  PutSecretValueCommand,
  SecretsManagerClient,
  UpdateSecretCommand,
} from '@aws-sdk/client-secrets-manager';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { generateSecretString } from '../../../local/secrets/generate.ts';
import { SecretsManager } from '../../../local/secrets/server.ts';

describe('The local Secrets Manager, through the AWS SDK', () => {
  let server: SecretsManager;
  let client: SecretsManagerClient;

  beforeAll(async () => {
    server = await SecretsManager.start();
    client = new SecretsManagerClient({
      endpoint: server.url,
      region: 'us-east-1',
      credentials: { accessKeyId: 'a', secretAccessKey: 'b' },
    });
  });

  afterAll(async () => {
    client.destroy();
    await server.stop();
  });

  const read = (SecretId: string | undefined, VersionStage?: string) =>
    client.send(new GetSecretValueCommand({ SecretId, VersionStage }));

  it('finds a secret by name, by ARN and by ARN without its ending', async () => {
    const { ARN = '' } = await client.send(new CreateSecretCommand({ Name: 'a/b', SecretString: 'x' }));
    for (const id of ['a/b', ARN, ARN.slice(0, -7)]) expect((await read(id)).SecretString).toBe('x');
  });

  it('keeps the version before the current one, and no older one', async () => {
    await client.send(new CreateSecretCommand({ Name: 'versions', SecretString: 'one' }));
    await client.send(new PutSecretValueCommand({ SecretId: 'versions', SecretString: 'two' }));
    await client.send(new UpdateSecretCommand({ SecretId: 'versions', SecretString: 'three' }));

    expect((await read('versions')).SecretString).toBe('three');
    expect((await read('versions', 'AWSPREVIOUS')).SecretString).toBe('two');
    const { VersionIdsToStages = {} } = await client.send(new DescribeSecretCommand({ SecretId: 'versions' }));
    expect(Object.values(VersionIdsToStages).flat().sort()).toEqual(['AWSCURRENT', 'AWSPREVIOUS']);
  });

  it('writes nothing new when a request comes twice with one token', async () => {
    const token = '0123456789abcdef0123456789abcdef';
    await client.send(new CreateSecretCommand({ Name: 'twice', SecretString: 'one' }));
    const put = new PutSecretValueCommand({ SecretId: 'twice', SecretString: 'two', ClientRequestToken: token });
    await client.send(put);
    await client.send(put);

    expect((await read('twice', 'AWSPREVIOUS')).SecretString).toBe('one');
  });

  it.each([
    ['reading what is not there', new GetSecretValueCommand({ SecretId: 'nowhere' }), 'ResourceNotFoundException'],
    [
      'writing what is not there',
      new PutSecretValueCommand({ SecretId: 'nowhere', SecretString: 'x' }),
      'ResourceNotFoundException',
    ],
  ])('refuses %s', async (_name, command, name) => {
    await expect(client.send(command as GetSecretValueCommand)).rejects.toMatchObject({ name });
  });

  it('refuses a name that is taken', async () => {
    await client.send(new CreateSecretCommand({ Name: 'taken', SecretString: 'x' }));
    await expect(client.send(new CreateSecretCommand({ Name: 'taken' }))).rejects.toMatchObject({
      name: 'ResourceExistsException',
    });
  });

  it('frees the name of a secret only when its deletion is forced', async () => {
    await client.send(new CreateSecretCommand({ Name: 'gone', SecretString: 'x' }));
    await client.send(new DeleteSecretCommand({ SecretId: 'gone', ForceDeleteWithoutRecovery: true }));
    await client.send(new CreateSecretCommand({ Name: 'gone', SecretString: 'y' }));
    await client.send(new DeleteSecretCommand({ SecretId: 'gone' }));

    await expect(read('gone')).rejects.toMatchObject({ name: 'InvalidRequestException' });
    await expect(client.send(new CreateSecretCommand({ Name: 'gone' }))).rejects.toMatchObject({
      name: 'InvalidRequestException',
    });
  });
});

describe('A generated secret', () => {
  it.each([
    ['the defaults', {}, /^[!-~]{32}$/],
    ['no punctuation', { PasswordLength: 64, ExcludePunctuation: true }, /^[a-zA-Z0-9]{64}$/],
    [
      'digits only, as text flags',
      { PasswordLength: '10', ExcludePunctuation: 'true', ExcludeLowercase: 'true', ExcludeUppercase: 'true' },
      /^\d{10}$/,
    ],
    ['excluded characters', { PasswordLength: 200, ExcludeCharacters: '"\\\'`$' }, /^[^"\\'`$]{200}$/],
  ])('follows %s', (_name, properties, pattern) => {
    expect(generateSecretString(properties)).toMatch(pattern);
  });

  it('has a character of every type', () => {
    for (const type of [/[a-z]/, /[A-Z]/, /\d/, /[^a-zA-Z0-9]/]) {
      expect(generateSecretString({ PasswordLength: 4 })).toMatch(type);
    }
  });

  it('goes into a template document', () => {
    const secret = generateSecretString({ SecretStringTemplate: '{"user":"admin"}', GenerateStringKey: 'password' });
    expect(JSON.parse(secret)).toEqual({ user: 'admin', password: expect.stringMatching(/^.{32}$/) });
  });
});
