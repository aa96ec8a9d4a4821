import { setTimeout as delay } from 'node:timers/promises';
import { ExecutionAbortedError, ExecutionError, ExecutionTimeoutError } from 'aws-local-stepfunctions';
import { clampSeconds, type Prepared, TOKEN_PLACEHOLDER } from './definition.ts';
import { checkSize, invocationError, StateError, stoppedError } from './errors.ts';
import type { TaskTokens, WaitingTask } from './tokens.ts';

export type ExecutionStatus = 'RUNNING' | 'SUCCEEDED' | 'FAILED' | 'TIMED_OUT' | 'ABORTED';

/** What happens in an execution, a state at a time. */
export interface StateEvent {
  event: 'entered' | 'exited' | 'failed' | 'retried' | 'caught';
  state: string;
  /** Milliseconds since the epoch. */
  at: number;
}

export interface ExecutionOptions {
  arn: string;
  name: string;
  machine: { arn: string; name: string; prepared: Prepared };
  /** JSON, as it was given. */
  input: string;
  waitScale: number;
  tokens: TaskTokens;
  invoke: (functionArn: string, event: unknown) => Promise<unknown>;
  onState: (event: StateEvent) => void;
}

type JsonValue = Parameters<Prepared['machine']['run']>[0];

/** One run of a state machine. */
export class Execution {
  readonly arn: string;
  readonly machineArn: string;
  readonly name: string;
  readonly input: string;
  readonly startedAt = Date.now();
  /** Every event so far. */
  readonly events: StateEvent[] = [];
  /** Resolves once it is over, however it ended. */
  readonly over: Promise<void>;
  status: ExecutionStatus = 'RUNNING';
  stoppedAt: number | undefined;
  output: string | undefined;
  error: string | undefined;
  cause: string | undefined;
  readonly #options: ExecutionOptions;
  readonly #run: ReturnType<Prepared['machine']['run']>;
  readonly #stopping = new AbortController();
  #waiting: WaitingTask | undefined;

  constructor(options: ExecutionOptions) {
    this.#options = options;
    this.arn = options.arn;
    this.machineArn = options.machine.arn;
    this.name = options.name;
    this.input = options.input;
    const { machine, name, arn } = options;
    this.#run = machine.prepared.machine.run(JSON.parse(options.input), {
      overrides: { taskResourceLocalHandlers: this.#handlers() },
      context: {
        Execution: { Id: arn, Name: name },
        StateMachine: { Id: machine.arn, Name: machine.name },
        Task: { Token: TOKEN_PLACEHOLDER },
      },
    });
    this.over = this.#follow();
  }

  /** Names of the states in the order in which they were entered; a loop shows as often as it went round. */
  get states(): string[] {
    return this.events.filter(({ event }) => event === 'entered').map(({ state }) => state);
  }

  /** State transitions as they are billed: every state entered and every retry. */
  get transitions(): number {
    return this.events.filter(({ event }) => event === 'entered' || event === 'retried').length;
  }

  /** Ends it where it is: a function that runs goes on, and nothing is started any more. Once over, this does nothing. */
  stop(error?: string, cause?: string): void {
    if (this.status !== 'RUNNING') return;
    this.#end('ABORTED', { error, cause });
    this.#run.abort();
  }

  /**
   * Lets the task that waits for its token time out now, as the passing of its `TimeoutSeconds` would.
   * @throws when none waits
   */
  timeOut(): void {
    if (!this.#waiting) throw new Error(`No task of ${this.arn} waits for a token.`);
    this.#waiting.fail(new StateError('States.Timeout', ''));
  }

  async #follow(): Promise<void> {
    const events = this.#recordEvents();
    try {
      const result = await this.#run.result;
      await events;
      this.#end('SUCCEEDED', { output: JSON.stringify(result) });
    } catch (error) {
      await events;
      if (error instanceof ExecutionTimeoutError) this.#end('TIMED_OUT', {});
      else if (error instanceof ExecutionError) this.#end('FAILED', failureOf(error));
      else if (!(error instanceof ExecutionAbortedError)) throw error;
    }
  }

  #end(status: ExecutionStatus, ending: { output?: string; error?: string | undefined; cause?: string | undefined }) {
    if (this.status !== 'RUNNING') return;
    this.status = status;
    this.stoppedAt = Date.now();
    this.output = ending.output;
    this.error = ending.error;
    this.cause = ending.cause;
    this.#stopping.abort();
  }

  async #recordEvents(): Promise<void> {
    for await (const log of this.#run.eventLogs) {
      if (!('state' in log)) continue;
      const event = log.type.replace('State', '').toLowerCase() as StateEvent['event'];
      const recorded = { event, state: log.state.name, at: log.timestamp };
      this.events.push(recorded);
      this.#options.onState(recorded);
    }
  }

  #handlers(): Record<string, (input: JsonValue) => Promise<JsonValue>> {
    const { tasks, waits } = this.#options.machine.prepared;
    const handlers: Record<string, (input: JsonValue) => Promise<JsonValue>> = {};
    for (const name of waits) handlers[name] = (input) => this.#wait(input);
    for (const [name, { functionArn, waitsForToken, timeoutSeconds }] of tasks) {
      handlers[name] = async (input) => {
        const result = await this.#unlessStopped(
          waitsForToken ? this.#waitForToken(input, timeoutSeconds) : this.#invoke(functionArn, input),
        );
        checkSize(name, result);
        return (result ?? null) as JsonValue;
      };
    }
    return handlers;
  }

  async #wait(input: JsonValue): Promise<JsonValue> {
    const { seconds } = input as { seconds: number };
    const milliseconds = clampSeconds(seconds) * 1000 * this.#options.waitScale;
    return await this.#unlessStopped(delay(milliseconds, null, { signal: this.#stopping.signal }));
  }

  async #invoke(functionArn: string | undefined, event: unknown): Promise<unknown> {
    // A retry may come up after the stop, since the pause before it was ended by the stop.
    if (this.status !== 'RUNNING') throw stoppedError();
    try {
      return await this.#options.invoke(functionArn ?? '', event);
    } catch (error) {
      throw invocationError(error);
    }
  }

  async #waitForToken(input: JsonValue, timeoutSeconds: number): Promise<unknown> {
    const task = this.#options.tokens.issue();
    const withToken = JSON.stringify(input).replaceAll(TOKEN_PLACEHOLDER, task.token);
    const { FunctionName, Payload } = JSON.parse(withToken) as { FunctionName: string; Payload?: unknown };
    this.#waiting = task;
    const timer = setTimeout(() => task.fail(new StateError('States.Timeout', '')), timeoutSeconds * 1000);
    try {
      // The token may come back before the function returns, and what the function returns means nothing.
      const invoked = this.#invoke(FunctionName, Payload ?? {}).then(() => task.outcome);
      return await this.#unlessStopped(Promise.race([task.outcome, invoked]));
    } finally {
      clearTimeout(timer);
      this.#waiting = undefined;
      task.fail(stoppedError());
    }
  }

  async #unlessStopped<Result>(work: Promise<Result>): Promise<Result> {
    const { signal } = this.#stopping;
    const stopped = Promise.withResolvers<never>();
    const onStop = () => stopped.reject(stoppedError());
    signal.addEventListener('abort', onStop);
    if (signal.aborted) onStop();
    try {
      return await Promise.race([work, stopped.promise]);
    } finally {
      signal.removeEventListener('abort', onStop);
    }
  }
}

function failureOf(error: Error): { error: string; cause: string } {
  const { cause } = error;
  return cause instanceof Error
    ? { error: cause.name, cause: cause.message }
    : { error: 'States.Runtime', cause: error.message };
}
