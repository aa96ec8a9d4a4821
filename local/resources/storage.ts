import { z } from 'zod';
import { generateSecretString } from '../secrets/generate.ts';
import type { Handler } from '../template/provision.ts';
import type { Emulators, Made } from './emulators.ts';

const secretSchema = z.object({
  Name: z.string().optional(),
  SecretString: z.string().optional(),
  GenerateSecretString: z.unknown(),
});

/** Tables, buckets, queues and secrets. */
export function storageHandlers({ dynamodb, s3, sqs, secrets }: Emulators, made: Made): Record<string, Handler> {
  const table: Handler = ({ logicalId, properties }) => dynamodb.createTable(logicalId, properties);
  return {
    'AWS::DynamoDB::Table': table,
    'AWS::DynamoDB::GlobalTable': table,

    'AWS::S3::Bucket': ({ logicalId, properties }) => s3.createBucket(logicalId, properties),

    async 'AWS::SQS::Queue'({ logicalId, path, properties }) {
      const identity = await sqs.createQueue(logicalId, properties);
      made.queues.set(path, { url: identity.ref, arn: identity.attributes.Arn });
      return identity;
    },

    'AWS::SecretsManager::Secret'({ logicalId, properties }) {
      const { Name = logicalId, SecretString, GenerateSecretString } = secretSchema.parse(properties);
      const value = GenerateSecretString === undefined ? SecretString : generateSecretString(GenerateSecretString);
      const { arn } = secrets.store.create(Name, value);
      return { ref: arn, attributes: { Id: arn } };
    },
  };
}
