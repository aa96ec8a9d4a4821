import { GetSecretValueCommand } from '@aws-sdk/client-secrets-manager';
import { senderSecretSchema } from '../domain/sender.ts';
import { secretsManager } from './clients.ts';

const deviceSecretSchema = senderSecretSchema.pick({ databasePassword: true, apiKey: true });

/** What containers are given of a sender's secret. */
export interface DeviceSecret {
  /** The whole ARN, with the six characters that Secrets Manager adds. */
  arn: string;
  databasePassword?: string | undefined;
  /** For calls that ask for a device's health. */
  apiKey?: string | undefined;
}

/** Reads a sender's secret as far as its device needs it. */
export async function readDeviceSecret(secretId: string): Promise<DeviceSecret> {
  const { ARN, SecretString } = await secretsManager.send(new GetSecretValueCommand({ SecretId: secretId }));
  if (!ARN) throw new Error(`Secrets Manager gave ${secretId} no ARN.`);
  return { arn: ARN, ...deviceSecretSchema.parse(JSON.parse(SecretString ?? '{}')) };
}
