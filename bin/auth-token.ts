import { GetSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { deriveAuthToken } from '../lambdas/domain/auth-token.ts';

const USAGE = 'Usage: npm run -s auth-token -- <master key secret ARN> <account SID> [generation]';

/** Prints an account's auth token, reading the master key with the caller's own AWS credentials. */
async function printAuthToken([secretArn, accountSid, generation = '1', ...rest]: string[]): Promise<void> {
  if (!secretArn || !/^AC[0-9a-f]{32}$/.test(accountSid ?? '') || !/^[1-9]\d*$/.test(generation) || rest.length > 0) {
    throw new Error(USAGE);
  }
  // The secret's own Region, whatever the caller's default is: arn:aws:secretsmanager:<region>:…
  const region = secretArn.startsWith('arn:') ? secretArn.split(':')[3] : undefined;
  const client = new SecretsManagerClient(region ? { region } : {});
  const { SecretString: masterKey } = await client.send(new GetSecretValueCommand({ SecretId: secretArn }));
  if (!masterKey) throw new Error(`The secret ${secretArn} holds no text, so it is not a master key.`);
  console.log(deriveAuthToken(masterKey, accountSid ?? '', Number(generation)));
}

try {
  await printAuthToken(process.argv.slice(2));
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}
