import type { ISecurityGroup, IVpc } from 'aws-cdk-lib/aws-ec2';
import { PolicyStatement, type Role } from 'aws-cdk-lib/aws-iam';
import {
  Architecture,
  EventSourceMapping,
  type FunctionProps,
  Function as LambdaFunction,
  LoggingFormat,
  Runtime,
} from 'aws-cdk-lib/aws-lambda';
import { ArnFormat, type Duration, Stack } from 'aws-cdk-lib/core';
import type { Construct } from 'constructs';
import type { GatewayHttpApi } from '../api/http-api.ts';
import type { Devices } from '../fleet/devices.ts';
import { type FleetAccess, fleetPermissions, WHY_PATTERNS } from '../fleet/permissions.ts';
import type { Workflow } from '../senders/workflow.ts';
import { acknowledgePattern } from './acknowledge.ts';
import { bundledCode } from './bundling.ts';
import type { ChannelPermission } from './channel-permissions.ts';
import { allow, createIdentity, type FunctionIdentity } from './function-identity.ts';
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
  /** In MB; the processor grows with it, and 1,769 are one. Default: 512, enough for what waits most of the time. */
  readonly memorySize?: number | undefined;
  /** Default: outside any network, with direct access to the internet. */
  readonly network?: FunctionNetwork | undefined;
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

/** Step Functions calls that a function may make on a workflow. */
export type WorkflowAction = 'StartExecution' | 'SendTaskSuccess';

/** Step Functions calls that a function may make on the executions of a workflow. */
export type ExecutionAction = 'DescribeExecution' | 'StopExecution';

/** S3 calls that a function may make on contacts' media. */
export type MediaAction = 'GetObject' | 'PutObject' | 'DeleteObject';

/**
 * A function of the gateway: how all of them are built, logged and watched. It may write its own log and nothing else;
 * each method below gives it one resource, permission and environment name together.
 */
export class GatewayFunction extends LambdaFunction {
  readonly #executionRole: Role;

  constructor(scope: Construct, id: string, props: GatewayFunctionProps) {
    const identity = createIdentity(scope, id, { config: props.config, attached: props.network !== undefined });
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

  /** May call the AWS services that channels are reached through, where a sender has no access key of its own. */
  bindChannels(permissions: readonly ChannelPermission[]): this {
    for (const { channel, actions, resources = [], conditions = {} } of permissions) {
      const service = actions[0]?.split(':')[0] ?? '';
      const arns = resources.map((resource) =>
        Stack.of(this).formatArn({ service, region: '*', resource, arnFormat: ArnFormat.NO_RESOURCE_NAME }),
      );
      const everything = arns.length === 0 ? ['*'] : arns;
      this.grantPrincipal.addToPrincipalPolicy(
        new PolicyStatement({ actions: [...actions], resources: everything, conditions }),
      );
      const reason = `Senders on ${channel} are registered at run time, with whatever of this AWS account's they send from.`;
      for (const arn of everything) acknowledgePattern(this.#executionRole, arn, reason);
    }
    return this;
  }

  /** May start a workflow, or answer it. Sets `<NAME>_STATE_MACHINE_ARN`, such as `RETIRE_NUMBER_STATE_MACHINE_ARN`. */
  bindWorkflow(workflow: Workflow, ...actions: WorkflowAction[]): this {
    allow(
      this,
      actions.map((action) => `states:${action}`),
      workflow.stateMachineArn,
    );
    this.addEnvironment(workflow.environmentName, workflow.stateMachineArn);
    return this;
  }

  /** May ask about the executions of workflows, or stop them. */
  bindExecutions(workflows: readonly Workflow[], ...actions: ExecutionAction[]): this {
    for (const { executionsArn } of workflows) {
      allow(
        this,
        actions.map((action) => `states:${action}`),
        executionsArn,
      );
      acknowledgePattern(
        this.#executionRole,
        executionsArn,
        'Executions are made at run time, one at a time for each number.',
      );
    }
    return this;
  }

  /** May make, find and remove devices. Sets `FLEET`: what the fleet's parts are called, in the form of `domain/fleet-settings.ts`. */
  bindFleet(devices: Devices, access: FleetAccess): this {
    for (const { statement, patterns } of fleetPermissions(devices, access)) {
      this.addToRolePolicy(statement);
      for (const pattern of patterns) acknowledgePattern(this.#executionRole, pattern, WHY_PATTERNS);
    }
    this.addEnvironment('FLEET', Stack.of(this).toJsonString(devices.settings));
    return this;
  }

  /** Knows where customers and channels reach the gateway. Sets `GATEWAY_URL`, without a slash at the end. */
  bindGatewayUrl(http: Pick<GatewayHttpApi, 'url'>): this {
    this.addEnvironment('GATEWAY_URL', http.url);
    return this;
  }

  /** Knows where channels call, if not at the gateway's own address. Sets `WEBHOOK_URL` then. */
  bindWebhookUrl(url: string | undefined): this {
    if (url !== undefined) this.addEnvironment('WEBHOOK_URL', url);
    return this;
  }

  /** May add to a queue. Sets `<STAGE>_QUEUE_URL`. */
  bindQueue(work: WorkQueue): this {
    allow(this, ['sqs:SendMessage'], work.queue.queueArn);
    this.addEnvironment(environmentNamesOf(work).queue, work.queue.queueUrl);
    return this;
  }

  /** Is invoked with batches of what SQS gave up on in a queue, and answers for each entry by itself. Sets `<STAGE>_DLQ_URL`. */
  consumeDeadLetters(work: WorkQueue): this {
    const { queueArn, queueUrl } = work.deadLetters;
    allow(this, ['sqs:ReceiveMessage', 'sqs:DeleteMessage', 'sqs:GetQueueAttributes'], queueArn);
    this.addEnvironment(environmentNamesOf(work).deadLetters, queueUrl);
    new EventSourceMapping(this, `${work.stage}DeadLetters`, {
      target: this,
      eventSourceArn: queueArn,
      batchSize: 10,
      // As few as may be: nobody waits for them.
      maxConcurrency: 2,
      reportBatchItemFailures: true,
    });
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

function functionProps(props: GatewayFunctionProps, identity: FunctionIdentity): FunctionProps {
  const { config, storage, network } = props;
  return {
    code: bundledCode(props.entry),
    handler: 'index.handler',
    description: props.description,
    runtime: Runtime.NODEJS_24_X,
    architecture: Architecture.ARM_64,
    memorySize: props.memorySize ?? 512,
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
