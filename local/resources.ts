import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import { ACCOUNT_ID, REGION } from './aws.ts';
import type { DynamoDb } from './dynamodb.ts';
import { type ImageProcess, readImage } from './ecs/image.ts';
import type { Route } from './http-api/routes.ts';
import type { HttpApi, Integration } from './http-api/server.ts';
import { EventSource } from './lambda/event-source.ts';
import { LambdaFunction } from './lambda/function.ts';
import {
  awsVariables,
  type Endpoints,
  lambdaVariables,
  type Providers,
  providerVariables,
} from './lambda/variables.ts';
import type { FunctionLogs } from './logs.ts';
import type { S3 } from './s3.ts';
import { generateSecretString } from './secrets/generate.ts';
import type { SecretsManager } from './secrets/server.ts';
import type { Sqs } from './sqs.ts';
import type { Assembly } from './template/assembly.ts';
import type { Handler, Identity, Resource } from './template/provision.ts';

/** The parts that resources are made in. */
export interface Emulators {
  assembly: Assembly;
  dynamodb: DynamoDb;
  sqs: Sqs;
  s3: S3;
  secrets: SecretsManager;
  httpApi: HttpApi;
  providers: Providers;
  logs: FunctionLogs;
  /** How many environments a function may grow to, unless its template says fewer. */
  maximumConcurrency: number;
}

/** A container that a task definition describes. */
export interface TaskDefinition {
  name: string;
  image: ImageProcess;
  environment: Record<string, string>;
}

/** What was made and is to be started, stopped or looked at. Keys are the construct paths of resources. */
export interface Made {
  functions: Map<string, LambdaFunction>;
  /** Those that a route or a queue leads to, and that are worth keeping warm. */
  targets: Set<LambdaFunction>;
  queues: Map<string, { url: string; arn: string }>;
  eventSources: EventSource[];
  apiId: string | undefined;
  routes: Route<Integration>[];
  services: { name: string; desiredCount: number; definition: TaskDefinition }[];
}

const functionSchema = z.object({
  FunctionName: z.string().optional(),
  Code: z.object({ S3Key: z.string() }),
  Handler: z.string(),
  Timeout: z.coerce.number().default(3),
  MemorySize: z.coerce.number().default(128),
  ReservedConcurrentExecutions: z.coerce.number().positive().optional(),
  Environment: z.object({ Variables: z.record(z.string(), z.coerce.string()) }).optional(),
});

const eventSourceSchema = z.object({
  FunctionName: z.string(),
  EventSourceArn: z.string(),
  BatchSize: z.coerce.number().default(10),
  ScalingConfig: z.object({ MaximumConcurrency: z.coerce.number() }).optional(),
  FunctionResponseTypes: z.array(z.string()).default([]),
  Enabled: z.union([z.boolean(), z.stringbool()]).default(true),
});

const integrationSchema = z.object({
  IntegrationType: z.literal('AWS_PROXY'),
  IntegrationUri: z.string(),
  PayloadFormatVersion: z.literal('2.0'),
  TimeoutInMillis: z.coerce.number().default(30_000),
});

const routeSchema = z.object({
  RouteKey: z.string(),
  Target: z.string(),
  AuthorizationType: z.literal('NONE').optional(),
});

const secretSchema = z.object({
  Name: z.string().optional(),
  SecretString: z.string().optional(),
  GenerateSecretString: z.unknown(),
});

const containerSchema = z.object({
  Name: z.string(),
  Image: z.string(),
  Environment: z.array(z.object({ Name: z.string(), Value: z.coerce.string() })).default([]),
  Secrets: z.array(z.object({ Name: z.string(), ValueFrom: z.string() })).default([]),
});

const serviceSchema = z.object({ TaskDefinition: z.string(), DesiredCount: z.coerce.number().default(1) });

/** How each type of resource is made; what it makes it puts down in `made`. */
export function resourceHandlers(emulators: Emulators, made: Made): Record<string, Handler> {
  const { dynamodb, sqs, s3, secrets, httpApi } = emulators;
  const functionsByArn = new Map<string, LambdaFunction>();
  const integrations = new Map<string, Integration & { function: LambdaFunction }>();
  const definitions = new Map<string, TaskDefinition>();

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

    'AWS::Lambda::Function'(resource) {
      const target = makeFunction(resource, emulators);
      made.functions.set(resource.path, target);
      functionsByArn.set(target.configuration.arn, target);
      return { ref: target.configuration.name, attributes: { Arn: target.configuration.arn } };
    },

    'AWS::Lambda::EventSourceMapping'({ properties }) {
      const mapping = eventSourceSchema.parse(properties);
      const target = [...functionsByArn.values()].find(({ configuration: { name, arn } }) =>
        [name, arn].includes(mapping.FunctionName),
      );
      if (!target) throw new Error(`there is no function ${mapping.FunctionName}`);
      if (mapping.Enabled) {
        const source = new EventSource(sqs.client, target, {
          queueUrl: sqs.queueUrl(mapping.EventSourceArn),
          queueArn: mapping.EventSourceArn,
          batchSize: mapping.BatchSize,
          maximumConcurrency: mapping.ScalingConfig?.MaximumConcurrency ?? Number.POSITIVE_INFINITY,
          reportBatchItemFailures: mapping.FunctionResponseTypes.includes('ReportBatchItemFailures'),
        });
        made.eventSources.push(source);
        made.targets.add(target);
      }
      return identified();
    },

    'AWS::ApiGatewayV2::Api'({ properties }) {
      z.object({ ProtocolType: z.literal('HTTP') }).parse(properties);
      if (made.apiId !== undefined) throw new Error('the local stack has one port, for one HTTP API');
      made.apiId = 'local';
      return { ref: made.apiId, attributes: { ApiEndpoint: httpApi.url, ApiId: made.apiId } };
    },

    'AWS::ApiGatewayV2::Stage'({ properties }) {
      z.object({ StageName: z.literal('$default') }).parse(properties);
      return { ref: '$default', attributes: {} };
    },

    'AWS::ApiGatewayV2::Integration'({ properties }) {
      const { IntegrationUri, TimeoutInMillis } = integrationSchema.parse(properties);
      const target = [...functionsByArn].find(([arn]) => IntegrationUri.includes(arn))?.[1];
      if (!target) throw new Error(`there is no function behind ${IntegrationUri}`);
      const identity = identified();
      integrations.set(identity.ref, { function: target, timeoutMilliseconds: TimeoutInMillis });
      return identity;
    },

    'AWS::ApiGatewayV2::Route'({ properties }) {
      const { RouteKey, Target } = routeSchema.parse(properties);
      const target = integrations.get(Target.replace('integrations/', ''));
      if (!target) throw new Error(`there is no integration ${Target}`);
      made.routes.push({ key: RouteKey, target });
      made.targets.add(target.function);
      return identified();
    },

    async 'AWS::ECS::TaskDefinition'({ logicalId, properties }) {
      const { ContainerDefinitions } = z
        .object({ ContainerDefinitions: z.array(containerSchema).length(1) })
        .parse(properties);
      const arn = `arn:aws:ecs:${REGION}:${ACCOUNT_ID}:task-definition/${logicalId}:1`;
      for (const container of ContainerDefinitions) definitions.set(arn, await makeDefinition(container, emulators));
      return { ref: arn, attributes: { TaskDefinitionArn: arn } };
    },

    'AWS::ECS::Service'({ logicalId, path, properties }) {
      const { TaskDefinition, DesiredCount } = serviceSchema.parse(properties);
      const definition = definitions.get(TaskDefinition);
      if (!definition) throw new Error(`there is no task definition ${TaskDefinition}`);
      made.services.push({ name: path, desiredCount: DesiredCount, definition });
      const arn = `arn:aws:ecs:${REGION}:${ACCOUNT_ID}:service/${logicalId}`;
      return { ref: arn, attributes: { Name: logicalId, ServiceArn: arn } };
    },
  };
}

export function endpointsOf({ dynamodb, sqs, s3, secrets }: Emulators): Endpoints {
  return { dynamodb: dynamodb.url, sqs: sqs.url, s3: s3.url, secretsManager: secrets.url };
}

/** For what nothing but a reference needs. */
function identified(): Identity {
  return { ref: randomUUID(), attributes: {} };
}

function makeFunction(resource: Resource, emulators: Emulators): LambdaFunction {
  const properties = functionSchema.parse(resource.properties);
  const directory = emulators.assembly.files.get(properties.Code.S3Key);
  if (directory === undefined) throw new Error(`the assembly has no asset ${properties.Code.S3Key}`);
  const name = properties.FunctionName ?? `${resource.stackName}-${resource.logicalId}`;
  const configuration = {
    name,
    arn: `arn:aws:lambda:${REGION}:${ACCOUNT_ID}:function:${name}`,
    directory,
    handler: properties.Handler,
    timeoutSeconds: properties.Timeout,
    memoryMegabytes: properties.MemorySize,
    environment: {
      ...properties.Environment?.Variables,
      ...lambdaVariables(name, properties.MemorySize, directory),
      ...awsVariables(endpointsOf(emulators)),
      ...providerVariables(emulators.providers),
    },
  };
  const reserved = properties.ReservedConcurrentExecutions ?? emulators.maximumConcurrency;
  const log = (line: string) => emulators.logs.add(resource.path, line);
  return new LambdaFunction(configuration, Math.min(reserved, emulators.maximumConcurrency), log);
}

async function makeDefinition(
  container: z.infer<typeof containerSchema>,
  { assembly, secrets }: Emulators,
): Promise<TaskDefinition> {
  const asset = assembly.images.get(container.Image.split(':').at(-1) ?? '');
  if (!asset) throw new Error(`${container.Image} is not built from this repository, and there is no Docker here`);
  const environment = Object.fromEntries(container.Environment.map(({ Name, Value }) => [Name, Value]));
  for (const { Name, ValueFrom } of container.Secrets) {
    // An ARN has seven parts; then the key in a JSON secret, and the stage or id of a version.
    const [key, stage, versionId] = ValueFrom.split(':').slice(7);
    const { version } = secrets.store.read(ValueFrom.split(':').slice(0, 7).join(':'), {
      stage: stage || undefined,
      versionId: versionId || undefined,
    });
    environment[Name] = key ? String(JSON.parse(version.secretString ?? '{}')[key]) : (version.secretString ?? '');
  }
  return { name: container.Name, image: await readImage(asset), environment };
}
