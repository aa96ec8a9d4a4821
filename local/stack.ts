import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { readAuthToken } from './auth-token.ts';
import type { Service } from './ecs/service.ts';
import { fleetView } from './fleet/view.ts';
import { HttpApi } from './http-api/server.ts';
import { IGNORED_TYPES } from './ignored.ts';
import { StartError } from './listen.ts';
import { FunctionLogs } from './logs.ts';
import { Calls } from './protocol/calls.ts';
import { type Made, nothingMade } from './resources/emulators.ts';
import { type Keep, type Started, startEmulators } from './resources/start-emulators.ts';
import { resourceHandlers } from './resources.ts';
import { Scheduler } from './schedules.ts';
import { Sqs } from './sqs.ts';
import type { LocalStack, LocalStackOptions, Sandbox } from './stack-types.ts';
import { ROOT, synthesize } from './synthesize.ts';
import { readAssembly } from './template/assembly.ts';
import { provision } from './template/provision.ts';

export type { LocalStack, LocalStackOptions, Sandbox } from './stack-types.ts';

/** How a service of the template is started again: soon, and a few times in a row. */
const RESTARTS = { limit: 5, firstMilliseconds: 500, longestMilliseconds: 16_000 };
const NO_RESTARTS = { ...RESTARTS, limit: 0 };

/**
 * Runs the whole gateway on this machine as its CDK app describes it, on 127.0.0.1 only, with all state in memory.
 * @throws StartError when the person who starts it can put it right; whatever was started is stopped again
 */
export async function startLocalStack(options: LocalStackOptions = {}): Promise<LocalStack> {
  const { onStep = () => {}, onLog = () => {}, onEvent = () => {}, onFailure = () => {}, signal } = options;
  const started: (() => Promise<unknown>)[] = [];
  const stop = async () => {
    for (const end of started.splice(0).reverse()) await end();
  };
  const keep: Keep = (part) => {
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
    step('Starting what stands for AWS');
    const calls = new Calls();
    const made = nothingMade();
    const containerEnvironment = { ...options.containerEnvironment };
    const sqs = keep(await Sqs.start(calls));
    const logs = new FunctionLogs(onLog);
    const emulators = await startEmulators(
      {
        assembly: await readAssembly(directory),
        made,
        httpApi,
        logs,
        calls,
        maximumConcurrency: options.maximumConcurrency ?? 4,
        environment: options.environment ?? {},
        serviceRunning: {
          restarts: options.restartTasks === false ? NO_RESTARTS : RESTARTS,
          onEvent,
          onGivenUp: onFailure,
        },
        containerEnvironment,
        inFront: options.inFront ?? (async (endpoints) => endpoints),
        waitScale: options.waitScale ?? 1,
        approvalDelayMs: options.approvalDelayMs ?? 500,
        onState: options.onState ?? (() => {}),
      },
      keep,
      sqs,
    );
    // First who invokes functions, then they, and only then what they use.
    keep({ stop: () => stopFunctions(made) });
    keep(emulators.machines);
    step('Making what the template says');
    const handlers = resourceHandlers(emulators, made);
    const outputs = await provision(emulators.assembly.stacks, handlers, IGNORED_TYPES);

    step('Starting functions and tasks');
    const services = made.services.map((create) => create());
    const [authToken] = await Promise.all([
      readAuthToken(outputs, emulators.endpoints),
      ...[...made.targets].map((target) => target.warm()),
      ...services.map((service) => service.untilSteady()),
    ]);
    signal?.throwIfAborted();
    for (const source of made.eventSources) {
      source.start();
      keep(source);
    }
    httpApi.open(made.apiId ?? '', made.routes);
    if (options.schedules) keep(new Scheduler(made.schedules));

    return {
      ...describe(emulators, made),
      accountSid: outputs['RootAccountSid'] ?? '',
      authToken,
      ...describeSandbox(services),
      outputs,
      endpoints: emulators.endpoints,
      fleet: fleetView(emulators, containerEnvironment),
      awsCalls: () => calls.counts(),
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function stopFunctions({ functions, functionUrls }: Made): Promise<void> {
  await Promise.all(functionUrls.map((url) => url.stop()));
  await Promise.all([...functions.values()].map((target) => target.stop()));
}

async function synthesizeFor(options: LocalStackOptions, started: (() => Promise<unknown>)[]): Promise<string> {
  let directory = options.synthesizeTo;
  if (directory === undefined) {
    await mkdir(join(ROOT, '.switchboard'), { recursive: true });
    const temporary = await mkdtemp(join(ROOT, '.switchboard/stack-'));
    started.push(() => rm(temporary, { recursive: true, force: true }));
    directory = join(temporary, 'cdk.out');
  }
  const sandbox = { numbers: options.numbers ?? ['15550001111'] };
  await synthesize({
    directory,
    configuration: {
      allowLoopbackUrls: true,
      ...(options.webhooks && { webhooks: options.webhooks }),
      fleet: { sandbox, ...(options.devices !== false && { devices: {} }) },
    },
    signal: options.signal,
  });
  return directory;
}

type Description = Omit<
  LocalStack,
  'accountSid' | 'authToken' | 'simulatorUrl' | 'sandbox' | 'outputs' | 'endpoints' | 'fleet' | 'awsCalls' | 'stop'
>;

function describe(emulators: Started, made: Made): Description {
  const { httpApi, sqs, secrets, dynamodb, logs, machines, providersUrl, graphUrl } = emulators;
  const findFunction = (name: string) => find('functions', made.functions, name);
  const schedules = new Map(made.schedules.map((schedule) => [schedule.path, schedule]));
  return {
    url: httpApi.url,
    providersUrl,
    graphUrl,
    functions: {
      names: [...made.functions.keys()].sort(),
      invoke: (name, event) => findFunction(name).invoke(event),
      kill: (name) => findFunction(name).kill(),
    },
    queues: {
      async depths() {
        const depths = [...made.queues].map(async ([path, { url }]) => [path, await sqs.depth(url)] as const);
        return Object.fromEntries(await Promise.all(depths));
      },
      async redeliver() {
        await Promise.all(made.eventSources.map((source) => source.redeliver()));
      },
    },
    schedules: {
      names: [...schedules.keys()].sort(),
      tick: (name) => find('schedules', schedules, name).tick(),
    },
    executions: () => machines.executions(),
    secret: (name) => secrets.store.read(name, {}).version.secretString,
    items: () => dynamodb.items(),
    logs: logs.lines,
  };
}

/** The one whose construct path ends so. @throws naming all when there is none or more than one */
function find<Part>(what: string, parts: ReadonlyMap<string, Part>, name: string): Part {
  const matches = [...parts].filter(([path]) => path === name || path.endsWith(`/${name}`));
  const [match] = matches;
  if (!match || matches.length > 1) {
    throw new Error(`${name} is not one of the ${what} ${[...parts.keys()].sort().join(', ')}.`);
  }
  return match[1];
}

function describeSandbox(services: readonly Service[]): { simulatorUrl: string; sandbox: Sandbox } {
  const task = () => services.flatMap((service) => service.tasks())[0];
  const [first] = services;
  const { url, environment } = task() ?? {};
  if (!first || url === undefined || !environment) {
    throw new StartError('The template has no ECS service to run as the sandbox.');
  }
  const sandbox: Sandbox = {
    url,
    numbers: (environment['SANDBOX_NUMBERS'] ?? '').split(','),
    adminPassword: environment['SANDBOX_ADMIN_PASSWORD'] ?? '',
    get pid() {
      return task()?.pid;
    },
  };
  return { simulatorUrl: url, sandbox };
}
