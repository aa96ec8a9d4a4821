import { CloudMapRegistry } from '../cloud-map/registry.ts';
import { serveCloudMap } from '../cloud-map/server.ts';
import { DynamoDb } from '../dynamodb.ts';
import { Ecs, type ServiceRunning } from '../ecs/ecs.ts';
import { prepareProgram } from '../ecs/prepare.ts';
import { serveEcs } from '../ecs/server.ts';
import type { Service } from '../ecs/service.ts';
import type { Task } from '../ecs/task.ts';
import { FileSystems } from '../efs/file-systems.ts';
import { serveEfs } from '../efs/server.ts';
import type { HttpApi } from '../http-api/server.ts';
import type { Endpoints } from '../lambda/variables.ts';
import type { FunctionLogs } from '../logs.ts';
import type { Calls } from '../protocol/calls.ts';
import { Databases } from '../rds-data/databases.ts';
import { serveRdsData } from '../rds-data/server.ts';
import { S3 } from '../s3.ts';
import { SecretsManager } from '../secrets/server.ts';
import type { Sqs } from '../sqs.ts';
import { Machines, type StateListener } from '../step-functions/machines.ts';
import { serveStepFunctions } from '../step-functions/server.ts';
import type { Assembly } from '../template/assembly.ts';
import { type Emulators, findFunction, type Made } from './emulators.ts';
import { startNames } from './names.ts';

/** What the emulators need to know of the stack that they are for. */
export interface EmulatorOptions {
  assembly: Assembly;
  /** Where functions will be found. */
  made: Made;
  httpApi: HttpApi;
  logs: FunctionLogs;
  calls: Calls;
  maximumConcurrency: number;
  /** Other values for variables that the template gives to functions. */
  environment: Readonly<Record<string, string>>;
  serviceRunning: Omit<ServiceRunning, 'label'>;
  /** Laid over the environment of every container that is started. */
  containerEnvironment: Readonly<Record<string, string>>;
  inFront: (endpoints: Endpoints) => Promise<Endpoints>;
  waitScale: number;
  approvalDelayMs: number;
  onState: StateListener;
}

/** Remembers a part that is to be stopped at the end, in the reverse order. */
export type Keep = <Part extends { stop(): Promise<void> | void }>(part: Part) => Part;

export interface Started extends Emulators {
  graphUrl: string;
  providersUrl: string;
}

/** Starts every emulated service, each on a port of its own. */
export async function startEmulators(options: EmulatorOptions, keep: Keep, sqs: Sqs): Promise<Started> {
  const { assembly, made, logs, calls } = options;
  const dynamodb = keep(await DynamoDb.start(calls));
  const s3 = keep(new S3(sqs.url));
  const secrets = keep(await SecretsManager.start(calls));
  const cloudMap = new CloudMapRegistry();
  const names = await startNames({ assembly, cloudMap, logs, approvalDelayMs: options.approvalDelayMs }, keep);
  const fileSystems = keep(await FileSystems.create());
  const databases = new Databases();
  const hasSecret = (arn: string) => secrets.store.has(arn);
  const catalogue = (arn: string) => databases.catalogue(arn);
  const ecs = new Ecs({
    programOf: (definition, override) =>
      prepareProgram(
        definition,
        { images: assembly.images, secrets: secrets.store, fileSystems, environment: options.containerEnvironment },
        override,
      ),
    onLog: (source, line) => logs.add(source, line),
    onServing: (service, task, serves) => register(cloudMap, service, task, serves),
  });
  const machines = new Machines({
    waitScale: options.waitScale,
    onState: options.onState,
    invoke: async (functionArn, event) => {
      const target = findFunction(made, functionArn);
      if (!target) throw new Error(`Function not found: ${functionArn}`);
      return await target.invoke(event);
    },
  });
  const [cloudMapServer, efsServer, rdsServer, ecsServer, stepFunctionsServer] = await Promise.all([
    serveCloudMap(cloudMap, calls),
    serveEfs(fileSystems, calls),
    serveRdsData({ catalogue, hasSecret, calls }),
    serveEcs(ecs, calls),
    serveStepFunctions(machines, calls),
  ]);
  for (const server of [cloudMapServer, efsServer, rdsServer, ecsServer, stepFunctionsServer]) keep(server);
  const endpoints: Endpoints = {
    dynamodb: dynamodb.url,
    sqs: sqs.url,
    s3: s3.url,
    secretsManager: secrets.url,
    stepFunctions: stepFunctionsServer.url,
    ecs: ecsServer.url,
    cloudMap: cloudMapServer.url,
    rdsData: rdsServer.url,
    efs: efsServer.url,
  };
  return {
    assembly,
    dynamodb,
    sqs,
    s3,
    secrets,
    httpApi: options.httpApi,
    ecs,
    cloudMap,
    fileSystems,
    databases,
    machines,
    logs,
    providers: names.providers,
    graphUrl: names.graphUrl,
    providersUrl: names.providersUrl,
    maximumConcurrency: options.maximumConcurrency,
    environment: options.environment,
    serviceRunning: options.serviceRunning,
    endpoints,
    functionEndpoints: await options.inFront(endpoints),
  };
}

/** Gives a task that serves its service's names, and takes them away from one that no longer does. */
function register(cloudMap: CloudMapRegistry, { description }: Service, task: Task, serves: boolean): void {
  for (const { registryArn } of description.serviceRegistries) {
    const { instances } = cloudMap.service(registryArn);
    if (serves && task.url !== undefined) instances.set(task.id, task.url);
    else instances.delete(task.id);
  }
}
