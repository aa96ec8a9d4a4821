import { devNull } from 'node:os';
import { CREDENTIALS, REGION } from '../aws.ts';

/** Where each service that a function may call is; any other service is not there. */
export interface Endpoints {
  dynamodb: string;
  sqs: string;
  s3: string;
  secretsManager: string;
  stepFunctions: string;
  ecs: string;
  cloudMap: string;
  rdsData: string;
  efs: string;
}

/** What stands in for the providers of messages and for names in the fleet's network: a proxy, and its hosts. */
export interface Providers {
  url: string;
  /** With `*` for any labels, or any port. */
  hosts: readonly string[];
}

/** A port that nothing listens on: a call to a service that does not run here fails at once and never leaves the machine. */
const NOWHERE = 'http://127.0.0.1:9';

/**
 * What points an AWS SDK or tool at the local stack, and keeps it from the AWS account of whoever runs this. The SDKs
 * name a service's variable after its service id: `RDS Data` in capitals, with underscores.
 */
export function awsVariables(endpoints: Endpoints): Record<string, string> {
  return {
    AWS_REGION: REGION,
    AWS_DEFAULT_REGION: REGION,
    AWS_ACCESS_KEY_ID: CREDENTIALS.accessKeyId,
    AWS_SECRET_ACCESS_KEY: CREDENTIALS.secretAccessKey,
    AWS_CONFIG_FILE: devNull,
    AWS_SHARED_CREDENTIALS_FILE: devNull,
    AWS_EC2_METADATA_DISABLED: 'true',
    AWS_ENDPOINT_URL: NOWHERE,
    AWS_ENDPOINT_URL_DYNAMODB: endpoints.dynamodb,
    AWS_ENDPOINT_URL_SQS: endpoints.sqs,
    AWS_ENDPOINT_URL_S3: endpoints.s3,
    AWS_ENDPOINT_URL_SECRETS_MANAGER: endpoints.secretsManager,
    AWS_ENDPOINT_URL_SFN: endpoints.stepFunctions,
    AWS_ENDPOINT_URL_ECS: endpoints.ecs,
    AWS_ENDPOINT_URL_SERVICEDISCOVERY: endpoints.cloudMap,
    AWS_ENDPOINT_URL_RDS_DATA: endpoints.rdsData,
    AWS_ENDPOINT_URL_EFS: endpoints.efs,
  };
}

/** The variables that Lambda itself sets for a function. */
export function lambdaVariables(name: string, memoryMegabytes: number, directory: string): Record<string, string> {
  return {
    AWS_EXECUTION_ENV: 'AWS_Lambda_nodejs24.x',
    AWS_LAMBDA_FUNCTION_NAME: name,
    AWS_LAMBDA_FUNCTION_VERSION: '$LATEST',
    AWS_LAMBDA_FUNCTION_MEMORY_SIZE: String(memoryMegabytes),
    AWS_LAMBDA_INITIALIZATION_TYPE: 'on-demand',
    AWS_LAMBDA_LOG_GROUP_NAME: `/aws/lambda/${name}`,
    AWS_LAMBDA_LOG_STREAM_NAME: 'local',
    LAMBDA_TASK_ROOT: directory,
  };
}

/** What leads requests for a provider or for a name in the fleet's network to this machine; no template has it. */
export function providerVariables({ url, hosts }: Providers): Record<string, string> {
  return { PROVIDER_PROXY_URL: url, PROVIDER_PROXY_HOSTS: hosts.join(' ') };
}
