import type { CloudMapRegistry } from '../cloud-map/registry.ts';
import type { DynamoDb } from '../dynamodb.ts';
import type { Ecs, ServiceRunning } from '../ecs/ecs.ts';
import type { Service } from '../ecs/service.ts';
import type { FileSystems } from '../efs/file-systems.ts';
import type { Route } from '../http-api/routes.ts';
import type { HttpApi, Integration } from '../http-api/server.ts';
import type { EventSource } from '../lambda/event-source.ts';
import type { LambdaFunction } from '../lambda/function.ts';
import type { Endpoints, Providers } from '../lambda/variables.ts';
import type { FunctionLogs } from '../logs.ts';
import type { Databases } from '../rds-data/databases.ts';
import type { S3 } from '../s3.ts';
import type { Schedule } from '../schedules.ts';
import type { SecretsManager } from '../secrets/server.ts';
import type { Sqs } from '../sqs.ts';
import type { Machines } from '../step-functions/machines.ts';
import type { Assembly } from '../template/assembly.ts';

/** The parts that resources are made in. */
export interface Emulators {
  assembly: Assembly;
  dynamodb: DynamoDb;
  sqs: Sqs;
  s3: S3;
  secrets: SecretsManager;
  httpApi: HttpApi;
  ecs: Ecs;
  cloudMap: CloudMapRegistry;
  fileSystems: FileSystems;
  databases: Databases;
  machines: Machines;
  /** Where each of them is served. */
  endpoints: Endpoints;
  /** Where functions find each of them. */
  functionEndpoints: Endpoints;
  providers: Providers;
  logs: FunctionLogs;
  /** How many environments a function may grow to, unless its template says fewer. */
  maximumConcurrency: number;
  /** Other values for variables that the template gives to functions. */
  environment: Readonly<Record<string, string>>;
  /** How the template's own services are run. */
  serviceRunning: Omit<ServiceRunning, 'label'>;
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
  functionUrls: HttpApi[];
  /** Start the services of the template. */
  services: (() => Service)[];
  schedules: Schedule[];
}

export function nothingMade(): Made {
  return {
    functions: new Map(),
    targets: new Set(),
    queues: new Map(),
    eventSources: [],
    apiId: undefined,
    routes: [],
    functionUrls: [],
    services: [],
    schedules: [],
  };
}

/** A function by name or ARN, with or without the version that every function here has. */
export function findFunction({ functions }: Made, nameOrArn: string): LambdaFunction | undefined {
  const wanted = nameOrArn.replace(/:\$LATEST$/, '');
  return [...functions.values()].find(({ configuration: { name, arn } }) => [name, arn].includes(wanted));
}
