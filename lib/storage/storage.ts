import { AttributeType, Billing, TableV2 } from 'aws-cdk-lib/aws-dynamodb';
import { BlockPublicAccess, Bucket, BucketEncryption } from 'aws-cdk-lib/aws-s3';
import { Secret } from 'aws-cdk-lib/aws-secretsmanager';
import { ArnFormat, Aws, Stack } from 'aws-cdk-lib/core';
import { Construct } from 'constructs';
import { parseConfig, type SwitchboardConfigInput } from '../config.ts';
import { acknowledge } from '../shared/acknowledge.ts';
import { removalPolicyOf } from '../shared/removal.ts';

export type StorageProps = Pick<SwitchboardConfigInput, 'rootAccountSid' | 'removalPolicy'>;

/**
 * What outlives every deployment: the table, the master key, and the names that point into them.
 * Nothing here may be renamed or moved once deployed; a new construct id is a new, empty table.
 */
export class Storage extends Construct {
  /** Messages, senders, accounts, pacing: one table, keys `pk` and `sk`, expiry in `ttl` (epoch seconds). */
  readonly table: TableV2;

  /** Contacts' media, copied here when they arrive: kept until somebody deletes them. */
  readonly media: Bucket;

  readonly #mediaName: string;

  /** What auth tokens are derived from. Whoever can read it can act as any account. */
  readonly masterKey: Secret;

  /** The account that owns the gateway. */
  readonly rootAccountSid: string;

  /** Tells this gateway from any other one, in an AWS account or in an app: 32 hex digits, the same over deployments. */
  readonly address: string;

  /** Senders' secrets are made at run time, as this prefix and the sender's SID. Two gateways in one AWS account never share it. */
  readonly senderSecretPrefix: string;

  constructor(scope: Construct, id: string, props: StorageProps = {}) {
    super(scope, id);
    const config = parseConfig({ ...props });
    const removalPolicy = removalPolicyOf(config);
    // A hash of the construct's path.
    const address = this.node.addr.slice(-32);
    this.address = address;

    this.table = new TableV2(this, 'Table', {
      partitionKey: { name: 'pk', type: AttributeType.STRING },
      sortKey: { name: 'sk', type: AttributeType.STRING },
      timeToLiveAttribute: 'ttl',
      billing: Billing.onDemand(),
      pointInTimeRecoverySpecification: { pointInTimeRecoveryEnabled: true },
      deletionProtection: config.removalPolicy === 'retain',
      removalPolicy,
    });

    // Named like the secrets below, so that a permission can be read without looking up what it refers to.
    this.#mediaName = `switchboard-${address.slice(0, 12)}-${Aws.ACCOUNT_ID}-${Aws.REGION}`;
    this.media = new Bucket(this, 'Media', {
      bucketName: this.#mediaName,
      blockPublicAccess: BlockPublicAccess.BLOCK_ALL,
      encryption: BucketEncryption.S3_MANAGED,
      enforceSSL: true,
      removalPolicy,
    });
    acknowledge(
      this.media,
      'AwsSolutions-S1',
      'Every read is a link that the API hands out and logs; a second log, of S3 requests, would cost more than the media.',
    );

    this.masterKey = new Secret(this, 'MasterKey', {
      description: 'Switchboard: the key that all auth tokens are derived from',
      generateSecretString: { passwordLength: 64, excludePunctuation: true },
      removalPolicy,
    });
    acknowledge(
      this.masterKey,
      'AwsSolutions-SMG4',
      'A new master key would invalidate the auth token of every account at once; tokens are rotated one account at a time, by their generation.',
    );

    this.rootAccountSid = config.rootAccountSid ?? `AC${address}`;
    this.senderSecretPrefix = `switchboard/${address.slice(0, 12)}/senders/`;
  }

  /** The ARN pattern of all media. */
  get mediaArn(): string {
    return Stack.of(this).formatArn({
      service: 's3',
      region: '',
      account: '',
      resource: this.#mediaName,
      resourceName: '*',
    });
  }

  /** The ARN pattern of all sender secrets. Secrets Manager ends each ARN with six characters of its own. */
  get senderSecretsArn(): string {
    return Stack.of(this).formatArn({
      service: 'secretsmanager',
      resource: 'secret',
      resourceName: `${this.senderSecretPrefix}*`,
      arnFormat: ArnFormat.COLON_RESOURCE_NAME,
    });
  }
}
