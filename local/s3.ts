import { CreateBucketCommand, S3Client } from '@aws-sdk/client-s3';
import { z } from 'zod';
import { CREDENTIALS, REGION } from './aws.ts';

const bucketSchema = z.object({ BucketName: z.string().optional() });

/** S3 in memory, which fauxqs offers on the same port as SQS. It expires nothing and lets everyone in. */
export class S3 {
  readonly url: string;
  readonly #client: S3Client;

  constructor(url: string) {
    this.url = url;
    this.#client = new S3Client({ endpoint: url, region: REGION, credentials: CREDENTIALS, forcePathStyle: true });
  }

  /** @param logicalId the name, unless the template gives one */
  async createBucket(
    logicalId: string,
    properties: unknown,
  ): Promise<{ ref: string; attributes: Record<string, string> }> {
    // Bucket names have no capitals and at most 63 characters.
    const { BucketName = logicalId.toLowerCase().slice(0, 63) } = bucketSchema.parse(properties);
    await this.#client.send(new CreateBucketCommand({ Bucket: BucketName }));
    const { host } = new URL(this.url);
    return {
      ref: BucketName,
      attributes: {
        Arn: `arn:aws:s3:::${BucketName}`,
        DomainName: `${host}/${BucketName}`,
        RegionalDomainName: `${host}/${BucketName}`,
      },
    };
  }

  stop(): void {
    this.#client.destroy();
  }
}
