import type { ISecurityGroup, IVpc } from 'aws-cdk-lib/aws-ec2';
import { type IGrantable, PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import {
  Architecture,
  EventSourceMapping,
  type FunctionProps,
  Function as LambdaFunction,
  LoggingFormat,
  Runtime,
} from 'aws-cdk-lib/aws-lambda';
import { LogGroup } from 'aws-cdk-lib/aws-logs';
import type { Duration } from 'aws-cdk-lib/core';
import type { Construct } from 'constructs';
import { acknowledge, acknowledgePattern } from './acknowledge.ts';
import { bundledCode } from './bundling.ts';
import { removalPolicyOf } from './removal.ts';
import type { StageProps } from './stage.ts';
import { environmentNamesOf, type WorkQueue } from './work-queue.ts';

/** Where a function that calls devices of the fleet is attached. */
export interface FunctionNetwork {
  readonly vpc: IVpc;
  readonly securityGroup: ISecurityGroup;
}

export interface GatewayFunctionProps extends StageProps {
  /** The entry file under `lambdas/`: `api/api.lambda.ts`. */
  readonly entry: string;
  /** What it does, for whoever finds it in the console. */
  readonly description: string;
  readonly timeout: Duration;
  /** Default: outside any network, with direct access to the internet. */
  readonly network?: FunctionNetwork;
}

interface Identity {
  readonly role: Role;
  readonly logGroup: LogGroup;
}

/** DynamoDB calls that a function may make. */
export type TableAction =
  | 'GetItem'
  | 'BatchGetItem'
  | 'PutItem'
  | 'UpdateItem'
  | 'DeleteItem'
  | 'Query'
  | 'BatchWriteItem';

/** Secrets Manager calls that a function may make on senders' secrets. */
export type SecretAction = 'CreateSecret' | 'GetSecretValue' | 'PutSecretValue' | 'DeleteSecret';

/** S3 calls that a function may make on contacts' media. */
export type MediaAction = 'GetObject' | 'PutObject';

/**
 * A function of the gateway: how all of them are built, logged and watched. It may write its own log and nothing else;
 * each method below gives it one resource, permission and environment name together.
 */
export class GatewayFunction extends LambdaFunction {
  readonly #executionRole: Role;

  constructor(scope: Construct, id: string, props: GatewayFunctionProps) {
    const identity = createIdentity(scope, id, props);
    super(scope, id, functionProps(props, identity));
    this.#executionRole = identity.role;
    props.alarms.watchFunction(this);
  }

  /** May call the table. Sets `TABLE_NAME`. */
  bindTable({ storage }: Pick<StageProps, 'storage'>, ...actions: TableAction[]): this {
    storage.table.grant(this, ...actions.map((action) => `dynamodb:${action}`));
    this.addEnvironment('TABLE_NAME', storage.table.tableName);
    return this;
  }

  /** May derive auth tokens. Sets `MASTER_KEY_SECRET_ID` (an ARN). */
  bindMasterKey({ storage }: Pick<StageProps, 'storage'>): this {
    allow(this, ['secretsmanager:GetSecretValue'], storage.masterKey.secretArn);
    this.addEnvironment('MASTER_KEY_SECRET_ID', storage.masterKey.secretArn);
    return this;
  }

  /** May work with senders' secrets. Sets `SENDER_SECRET_PREFIX`; a secret's name is that and the sender's SID. */
  bindSenderSecrets({ storage }: Pick<StageProps, 'storage'>, ...actions: SecretAction[]): this {
    const pattern = storage.senderSecretsArn;
    allow(
      this,
      actions.map((action) => `secretsmanager:${action}`),
      pattern,
    );
    acknowledgePattern(
      this.#executionRole,
      pattern,
      "Senders' secrets are made at run time, so they are known here only by the prefix that this gateway alone uses.",
    );
    this.addEnvironment('SENDER_SECRET_PREFIX', storage.senderSecretPrefix);
    return this;
  }

  /** May work with contacts' media. Sets `MEDIA_BUCKET_NAME`. */
  bindMedia({ storage }: Pick<StageProps, 'storage'>, ...actions: MediaAction[]): this {
    const objects = storage.mediaArn;
    allow(
      this,
      actions.map((action) => `s3:${action}`),
      objects,
    );
    acknowledgePattern(this.#executionRole, objects, 'Objects are named by the SIDs of their account and message.');
    this.addEnvironment('MEDIA_BUCKET_NAME', storage.media.bucketName);
    return this;
  }

  /** May add to a queue. Sets `<STAGE>_QUEUE_URL`. */
  bindQueue(work: WorkQueue): this {
    allow(this, ['sqs:SendMessage'], work.queue.queueArn);
    this.addEnvironment(environmentNamesOf(work).queue, work.queue.queueUrl);
    return this;
  }

  /** May put what gave up into the dead letters of a queue. Sets `<STAGE>_DLQ_URL`. */
  bindDeadLetters(work: WorkQueue): this {
    allow(this, ['sqs:SendMessage'], work.deadLetters.queueArn);
    this.addEnvironment(environmentNamesOf(work).deadLetters, work.deadLetters.queueUrl);
    return this;
  }

  /**
   * Is invoked with batches of a queue, answers for each entry by itself, and may postpone an entry. Sets `<STAGE>_QUEUE_URL`.
   * @param maxConcurrency invocations at once, 2 to 1,000
   */
  consume(work: WorkQueue, batchSize: number, maxConcurrency: number): this {
    allow(
      this,
      ['sqs:ReceiveMessage', 'sqs:DeleteMessage', 'sqs:GetQueueAttributes', 'sqs:ChangeMessageVisibility'],
      work.queue.queueArn,
    );
    this.addEnvironment(environmentNamesOf(work).queue, work.queue.queueUrl);
    new EventSourceMapping(this, 'Work', {
      target: this,
      eventSourceArn: work.queue.queueArn,
      batchSize,
      maxConcurrency,
      reportBatchItemFailures: true,
    });
    return this;
  }
}

/** The function's own log, and its own role instead of Lambda's managed policy, which allows every log group of the AWS account. */
function createIdentity(scope: Construct, id: string, { config, network }: GatewayFunctionProps): Identity {
  const logGroup = new LogGroup(scope, `${id}Logs`, {
    retention: config.logRetentionDays,
    removalPolicy: removalPolicyOf(config),
  });
  const role = new Role(scope, `${id}Role`, { assumedBy: new ServicePrincipal('lambda.amazonaws.com') });
  logGroup.grantWrite(role);
  if (network) allowNetworkInterfaces(role);
  return { logGroup, role };
}

function functionProps(props: GatewayFunctionProps, identity: Identity): FunctionProps {
  const { config, storage, network } = props;
  return {
    code: bundledCode(props.entry),
    handler: 'index.handler',
    description: props.description,
    runtime: Runtime.NODEJS_24_X,
    architecture: Architecture.ARM_64,
    memorySize: 512,
    timeout: props.timeout,
    ...identity,
    loggingFormat: LoggingFormat.JSON,
    ...(network && { vpc: network.vpc, securityGroups: [network.securityGroup] }),
    environment: {
      NODE_OPTIONS: '--enable-source-maps',
      ROOT_ACCOUNT_SID: storage.rootAccountSid,
      ALLOW_LOOPBACK_URLS: String(config.allowLoopbackUrls),
    },
  };
}

function allow(to: IGrantable, actions: string[], resource: string): void {
  to.grantPrincipal.addToPrincipalPolicy(new PolicyStatement({ actions, resources: [resource] }));
}

/** A function in a VPC makes its own network interfaces; EC2 has no resource-level permissions for these calls. */
function allowNetworkInterfaces(role: Role): void {
  allow(
    role,
    [
      'ec2:CreateNetworkInterface',
      'ec2:DescribeNetworkInterfaces',
      'ec2:DescribeSubnets',
      'ec2:DeleteNetworkInterface',
      'ec2:AssignPrivateIpAddresses',
      'ec2:UnassignPrivateIpAddresses',
    ],
    '*',
  );
  acknowledge(
    role,
    'AwsSolutions-IAM5[Resource::*]',
    'EC2 accepts no narrower resource for the interfaces of a Lambda function.',
  );
}
