import { ACCOUNT_ID, REGION } from '../aws.ts';
import { ServiceError } from '../protocol/service-error.ts';
import { type Prepared, prepare } from './definition.ts';
import { Execution, type StateEvent } from './execution.ts';
import { TaskTokens } from './tokens.ts';

/** Told when an execution enters or leaves a state. @param machine the construct path of its state machine */
export type StateListener = (machine: string, execution: Execution, event: StateEvent) => void;

export interface MachinesOptions {
  /** What waits and the pauses between retries are multiplied with. */
  waitScale: number;
  onState: StateListener;
  /** Invokes a function by name or ARN. */
  invoke: (functionArn: string, event: unknown) => Promise<unknown>;
}

interface Machine {
  arn: string;
  name: string;
  /** Where it is in the construct tree. */
  path: string;
  prepared: Prepared;
}

/** The state machines of a stack and all their executions. */
export class Machines {
  readonly tokens = new TaskTokens();
  readonly #options: MachinesOptions;
  readonly #machines = new Map<string, Machine>();
  readonly #executions = new Map<string, Execution>();

  constructor(options: MachinesOptions) {
    this.#options = options;
  }

  /**
   * @param path where it is in the construct tree
   * @param definition in the Amazon States Language, as JSON
   * @returns its ARN
   * @throws when the definition is wrong, or uses what the local stack does not run
   */
  create(name: string, path: string, definition: string): string {
    const arn = `arn:aws:states:${REGION}:${ACCOUNT_ID}:stateMachine:${name}`;
    this.#machines.set(arn, { arn, name, path, prepared: prepare(definition, this.#options.waitScale) });
    return arn;
  }

  /**
   * Starts an execution; the same name with the same input, while that runs, is the same execution.
   * @param input JSON
   * @throws ServiceError
   */
  start(machineArn: string, name: string, input: string): Execution {
    const machine = this.#machines.get(machineArn);
    if (!machine) {
      throw new ServiceError('StateMachineDoesNotExist', `State Machine Does Not Exist: '${machineArn}'`);
    }
    if (!/^[^\s<>{}[\]?*"#%\\^|~`$&,;:/]{1,80}$/.test(name)) {
      throw new ServiceError('InvalidName', `Invalid Name: '${name}'`);
    }
    if (!isJson(input))
      throw new ServiceError('InvalidExecutionInput', "Invalid State Machine Execution Input: 'no JSON'");
    const arn = `arn:aws:states:${REGION}:${ACCOUNT_ID}:execution:${machine.name}:${name}`;
    const known = this.#executions.get(arn);
    if (known?.status === 'RUNNING' && known.input === input) return known;
    if (known) throw new ServiceError('ExecutionAlreadyExists', `Execution Already Exists: '${arn}'`);
    const { waitScale, invoke, onState } = this.#options;
    const execution = new Execution({
      arn,
      name,
      machine,
      input,
      waitScale,
      tokens: this.tokens,
      invoke,
      onState: (event) => onState(machine.path, execution, event),
    });
    this.#executions.set(arn, execution);
    return execution;
  }

  /** @throws ServiceError ExecutionDoesNotExist */
  execution(arn: string): Execution {
    const execution = this.#executions.get(arn);
    if (!execution) throw new ServiceError('ExecutionDoesNotExist', `Execution Does Not Exist: '${arn}'`);
    return execution;
  }

  /** Every execution, in the order of their starts. */
  executions(): Execution[] {
    return [...this.#executions.values()];
  }

  async stop(): Promise<void> {
    const running = this.executions().filter(({ status }) => status === 'RUNNING');
    for (const execution of running) execution.stop();
    await Promise.all(running.map(({ over }) => over));
  }
}

/** Whether a text is JSON. */
export function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
