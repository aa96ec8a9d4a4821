import type { LocalFleet } from './fleet/view.ts';
import type { Endpoints } from './lambda/variables.ts';
import type { LogLine } from './logs.ts';
import type { QueueDepth } from './sqs.ts';
import type { Execution } from './step-functions/execution.ts';
import type { StateListener } from './step-functions/machines.ts';

export interface LocalStackOptions {
  /** Port of the gateway; 0, the default, takes any free one. */
  port?: number;
  /** A cloud assembly to run. Default: the app is synthesized, and what that wrote is removed at the end. */
  assembly?: string;
  /** Where to synthesize to, instead of a directory that is removed at the end. */
  synthesizeTo?: string;
  /** Numbers of the sandbox's devices, in digits. */
  numbers?: readonly string[];
  /** Whether numbers can be registered on containers of their own. Default true. */
  devices?: boolean;
  /** Where channels call. Default: the gateway's own address. */
  webhooks?: 'function-url';
  /** Environments that each function may grow to. Default 4. */
  maximumConcurrency?: number;
  /** Other values for variables that the template gives to functions; a function that has none of the name gets none. */
  environment?: Readonly<Record<string, string>>;
  /**
   * Puts something between functions and AWS services: given where each is, it says where functions are to look for it. Event
   * sources and state machines go past it, as AWS's own do.
   */
  inFront?: (endpoints: Readonly<Endpoints>) => Promise<Endpoints>;
  /** What the waits of state machines and their pauses before a retry are multiplied with; 0.01 turns hours into minutes. */
  waitScale?: number;
  /** How long Meta takes to approve a name or a template, in ms. Default 500. */
  approvalDelayMs?: number;
  /** Whether schedules tick by the clock. Default false: they tick when told. */
  schedules?: boolean;
  /** Laid over the environment of every container. Default: nothing. */
  containerEnvironment?: Readonly<Record<string, string>>;
  /** Told what is being done, in a few words, before it is done. */
  onStep?: (step: string) => void;
  onLog?: (line: LogLine) => void;
  /** Told when an execution of a state machine enters or leaves a state. */
  onState?: StateListener;
  /** Whether a task of the template that crashes is started again, as its ECS service would. Default true. */
  restartTasks?: boolean;
  /** Told in a sentence when a task of the template crashes and is started again. */
  onEvent?: (sentence: string) => void;
  /** Called when a task of the template stays down; the stack still runs and should be stopped. */
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
  /** Base URL of what plays the part of Meta that registers numbers; its control API is below `/control`. */
  graphUrl: string;
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
  schedules: {
    names: string[];
    /** Invokes what a schedule leads to, by its construct id, whether it is enabled or not. @returns the function's answer */
    tick(name: string): Promise<unknown>;
  };
  /** Every execution of every state machine, in the order of their starts. */
  executions(): Execution[];
  /** Where each AWS service is, for an SDK or the AWS CLI. */
  endpoints: Readonly<Endpoints>;
  /** The containers of registered numbers, and what belongs to them. */
  fleet: LocalFleet;
  /** How often each action of each AWS service was asked for: `{ 'ECS CreateService': 2 }`. */
  awsCalls(): Record<string, number>;
  /** What Secrets Manager holds under a name. @throws when there is no such secret */
  secret(name: string): string | undefined;
  /** Every item of every table. */
  items(): Promise<Record<string, unknown>[]>;
  /** What functions and tasks logged. */
  logs: readonly LogLine[];
  /** Stops everything. May be called more than once. */
  stop(): Promise<void>;
}
