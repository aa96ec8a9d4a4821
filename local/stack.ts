import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { startProviderSimulator } from '../simulators/provider/simulator.ts';
import { DynamoDb } from './dynamodb.ts';
import { Task, type TaskOptions } from './ecs/task.ts';
import { HttpApi } from './http-api/server.ts';
import { IGNORED_TYPES } from './ignored.ts';
import { awsVariables } from './lambda/variables.ts';
import { freePort, StartError } from './listen.ts';
import { FunctionLogs, type LogLine } from './logs.ts';
import { type Emulators, endpointsOf, type Made, resourceHandlers } from './resources.ts';
import { S3 } from './s3.ts';
import { SecretsManager } from './secrets/server.ts';
import { type QueueDepth, Sqs } from './sqs.ts';
import { ROOT, synthesize } from './synthesize.ts';
import { readAssembly } from './template/assembly.ts';
import { provision } from './template/provision.ts';

export interface LocalStackOptions {
  /** Port of the gateway; 0, the default, takes any free one. */
  port?: number;
  /** A cloud assembly to run. Default: the app is synthesized, and what that wrote is removed at the end. */
  assembly?: string;
  /** Where to synthesize to, instead of a directory that is removed at the end. */
  synthesizeTo?: string;
  /** Numbers of the sandbox's devices, in digits. */
  numbers?: readonly string[];
  /** Environments that each function may grow to. Default 4. */
  maximumConcurrency?: number;
  /** Told what is being done, in a few words, before it is done. */
  onStep?: (step: string) => void;
  onLog?: (line: LogLine) => void;
  /** Whether a task that crashes is started again, as its ECS service would. Default true. */
  restartTasks?: boolean;
  /** Told in a sentence when a task crashes and is started again. */
  onEvent?: (sentence: string) => void;
  /** Called when a task stays down; the stack still runs and should be stopped. */
  onFailure?: (error: Error) => void;
  /** Ends the start, leaving nothing behind. */
  signal?: AbortSignal;
}

/** The simulated devices that the template's ECS service runs. */
export interface Sandbox {
  /** Base URL of the simulator; its control API is below `/control`. */
  url: string;
  numbers: string[];
  adminPassword: string;
  /** Process id of its task; another one after a crash. */
  readonly pid: number | undefined;
}

export interface LocalStack {
  /** Base URL of the gateway. */
  url: string;
  accountSid: string;
  authToken: string;
  simulatorUrl: string;
  sandbox: Sandbox;
  /** Base URL of what plays the providers of all other channels; its control API is below `/control`. */
  providersUrl: string;
  /** The outputs of all stacks. */
  outputs: Record<string, string>;
  functions: {
    names: string[];
    /** Invokes a function by its construct id (`Deliver`), as Lambda would. @throws FunctionError when it fails */
    invoke(name: string, event: unknown): Promise<unknown>;
    /** Kills every environment of a function, wherever it is. */
    kill(name: string): void;
  };
  queues: {
    /** By construct path: `Switchboard/OutboundQueue/Queue`. */
    depths(): Promise<Record<string, QueueDepth>>;
    /** Makes whatever failed visible now, as the passing of the visibility timeout would. */
    redeliver(): Promise<void>;
  };
  /** What Secrets Manager holds under a name. @throws when there is no such secret */
  secret(name: string): string | undefined;
  /** Every item of every table. */
  items(): Promise<Record<string, unknown>[]>;
  /** What functions and tasks logged. */
  logs: readonly LogLine[];
  /** Stops everything. May be called more than once. */
  stop(): Promise<void>;
}

/**
 * Runs the whole gateway on this machine as its CDK app describes it, on 127.0.0.1 only, with all state in memory.
 * @throws StartError when the person who starts it can put it right; whatever was started is stopped again
 */
export async function startLocalStack(options: LocalStackOptions = {}): Promise<LocalStack> {
  const { onStep = () => {}, onLog = () => {}, signal } = options;
  const started: (() => Promise<unknown>)[] = [];
  const stop = async () => {
    for (const end of started.splice(0).reverse()) await end();
  };
  const keep = <Part extends { stop(): Promise<void> | void }>(part: Part): Part => {
    started.push(async () => part.stop());
    return part;
  };
  const step = (name: string) => {
    signal?.throwIfAborted();
    onStep(name);
  };

  try {
    step('Opening the gateway');
    const httpApi = keep(await HttpApi.start(options.port ?? 0));
    if (options.assembly === undefined) step('Synthesizing the CDK app');
    const directory = options.assembly ?? (await synthesizeFor(options, started));
    step('Starting DynamoDB, SQS, S3 and Secrets Manager');
    const sqs = keep(await Sqs.start());
    const logs = new FunctionLogs(onLog);
    const providers = keep(
      await startProviderSimulator({ log: (line) => logs.add('providers', JSON.stringify(line)) }),
    );

    const emulators: Emulators = {
      assembly: await readAssembly(directory),
      dynamodb: keep(await DynamoDb.start()),
      sqs,
      s3: keep(new S3(sqs.url)),
      secrets: keep(await SecretsManager.start()),
      httpApi,
      providers,
      logs,
      maximumConcurrency: options.maximumConcurrency ?? 4,
    };
    step('Making what the template says');
    const made: Made = {
      functions: new Map(),
      targets: new Set(),
      queues: new Map(),
      eventSources: [],
      apiId: undefined,
      routes: [],
      services: [],
    };
    const handlers = resourceHandlers(emulators, made);
    const outputs = await provision(emulators.assembly.stacks, handlers, IGNORED_TYPES);
    for (const target of made.functions.values()) keep(target);

    step('Starting functions and tasks');
    const tasks: Task[] = [];
    for (const service of made.services) {
      for (let count = 0; count < service.desiredCount; count += 1) {
        tasks.push(keep(new Task(taskOptions(service, emulators.logs, options), await freePort())));
      }
    }
    const [authToken] = await Promise.all([
      readAuthToken(outputs, emulators),
      ...[...made.targets].map((target) => target.warm()),
      ...tasks.map((task) => task.start()),
    ]);
    signal?.throwIfAborted();
    for (const source of made.eventSources) {
      source.start();
      keep(source);
    }
    httpApi.open(made.apiId ?? '', made.routes);

    const sandbox = describeSandbox(tasks);
    const find = (name: string) => {
      const matches = [...made.functions].filter(([path]) => path === name || path.endsWith(`/${name}`));
      const [match] = matches;
      if (!match || matches.length > 1) {
        throw new Error(`${name} is not one of the functions ${[...made.functions.keys()].sort().join(', ')}.`);
      }
      return match[1];
    };
    return {
      url: httpApi.url,
      accountSid: outputs['RootAccountSid'] ?? '',
      authToken,
      simulatorUrl: sandbox.url,
      sandbox,
      providersUrl: providers.url,
      outputs,
      functions: {
        names: [...made.functions.keys()].sort(),
        invoke: (name, event) => find(name).invoke(event),
        kill: (name) => find(name).kill(),
      },
      queues: {
        async depths() {
          const depths = [...made.queues].map(
            async ([path, { url }]) => [path, await emulators.sqs.depth(url)] as const,
          );
          return Object.fromEntries(await Promise.all(depths));
        },
        async redeliver() {
          await Promise.all(made.eventSources.map((source) => source.redeliver()));
        },
      },
      secret: (name) => emulators.secrets.store.read(name, {}).version.secretString,
      items: () => emulators.dynamodb.items(),
      logs: emulators.logs.lines,
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function synthesizeFor(options: LocalStackOptions, started: (() => Promise<unknown>)[]): Promise<string> {
  let directory = options.synthesizeTo;
  if (directory === undefined) {
    await mkdir(join(ROOT, '.switchboard'), { recursive: true });
    const temporary = await mkdtemp(join(ROOT, '.switchboard/stack-'));
    started.push(() => rm(temporary, { recursive: true, force: true }));
    directory = join(temporary, 'cdk.out');
  }
  await synthesize({
    directory,
    configuration: {
      allowLoopbackUrls: true,
      fleet: { sandbox: { numbers: options.numbers ?? ['15550001111'] } },
    },
    signal: options.signal,
  });
  return directory;
}

/** The way that the deployed stack documents, against the local Secrets Manager: its own command. */
async function readAuthToken(outputs: Record<string, string>, emulators: Emulators): Promise<string> {
  const [, command] = /-- (.*)$/.exec(outputs['AuthTokenCommand'] ?? '') ?? [];
  if (command === undefined) throw new Error('The stacks have no output AuthTokenCommand.');
  const { stdout } = await promisify(execFile)(
    process.execPath,
    [join(ROOT, 'bin/auth-token.ts'), ...command.split(' ')],
    { env: { ...process.env, ...awsVariables(endpointsOf(emulators)) } },
  );
  return stdout.trim();
}

function taskOptions(service: Made['services'][number], logs: FunctionLogs, options: LocalStackOptions): TaskOptions {
  return {
    name: service.name,
    image: service.definition.image,
    environment: service.definition.environment,
    onLog: (line) => logs.add(service.name, line),
    onEvent: options.onEvent ?? (() => {}),
    onGivenUp: options.onFailure ?? (() => {}),
    ...(options.restartTasks === false && { restarts: { limit: 0, firstMilliseconds: 0 } }),
  };
}

function describeSandbox(tasks: readonly Task[]): Sandbox {
  const [task] = tasks;
  if (!task) throw new StartError('The template has no ECS service to run as the sandbox.');
  return {
    url: task.url,
    numbers: (task.environment['SANDBOX_NUMBERS'] ?? '').split(','),
    adminPassword: task.environment['SANDBOX_ADMIN_PASSWORD'] ?? '',
    get pid() {
      return task.pid;
    },
  };
}
