import { randomUUID } from 'node:crypto';
import { ExecutionEnvironment, FunctionError } from './environment.ts';
import type { FunctionConfiguration } from './protocol.ts';

/** Lambda refuses a larger event of a synchronous call. */
const EVENT_LIMIT_BYTES = 6 * 1024 * 1024;

/** An event is larger than Lambda takes. */
export class EventTooLargeError extends Error {}

interface Waiting {
  run: (environment: ExecutionEnvironment) => void;
  fail: (error: unknown) => void;
}

/**
 * A function and its execution environments. As on Lambda, an event goes to an idle environment if there is one, and
 * otherwise makes the function grow, up to `maximumConcurrency`; then events wait. Unlike Lambda it grows by one at a
 * time, because here all environments share the processors, and many that load their code at once are slower than few.
 */
export class LambdaFunction {
  readonly configuration: FunctionConfiguration;
  readonly maximumConcurrency: number;
  readonly #onLog: (line: string) => void;
  readonly #idle: ExecutionEnvironment[] = [];
  readonly #all = new Set<ExecutionEnvironment>();
  readonly #waiting: Waiting[] = [];
  #stopped = false;

  constructor(configuration: FunctionConfiguration, maximumConcurrency: number, onLog: (line: string) => void) {
    this.configuration = configuration;
    this.maximumConcurrency = maximumConcurrency;
    this.#onLog = onLog;
  }

  /**
   * Has one environment ready, so the first event does not wait for the code to load.
   * @throws FunctionError when the code cannot be loaded
   */
  async warm(): Promise<void> {
    const environment = this.#grow();
    await environment.ready;
  }

  /**
   * Invokes the function with one event.
   * @returns what the handler returned, through JSON
   * @throws FunctionError when the function fails, EventTooLargeError when it cannot be given the event
   */
  async invoke(event: unknown): Promise<unknown> {
    const json = JSON.stringify(event);
    if (Buffer.byteLength(json) > EVENT_LIMIT_BYTES) {
      throw new EventTooLargeError(`${this.configuration.name}: Lambda takes events of up to 6 MB.`);
    }
    const environment = await this.#take();
    const requestId = randomUUID();
    try {
      return JSON.parse(await environment.invoke(requestId, json));
    } catch (error) {
      // What is in hand when the stack stops did not fail by itself.
      if (error instanceof FunctionError && !this.#stopped) {
        const { errorType, message: errorMessage, trace } = error;
        this.#onLog(JSON.stringify({ level: 'ERROR', requestId, errorType, errorMessage, trace }));
      }
      throw error;
    } finally {
      this.#release(environment);
    }
  }

  /** Kills every environment wherever it is, as a crash of the machine under it would; events in hand fail. */
  kill(): void {
    for (const environment of this.#all) environment.kill('Runtime.Killed', 'The execution environment was killed');
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    for (const { fail } of this.#waiting.splice(0)) fail(new Error(`${this.configuration.name} is stopping.`));
    const ending = [...this.#all].map((environment) => environment.ended);
    this.kill();
    await Promise.all(ending);
  }

  async #take(): Promise<ExecutionEnvironment> {
    if (this.#stopped) throw new Error(`${this.configuration.name} has stopped.`);
    const idle = this.#idle.pop();
    if (idle) return idle;
    const { promise, resolve, reject } = Promise.withResolvers<ExecutionEnvironment>();
    this.#waiting.push({ run: resolve, fail: reject });
    this.#growIfNeeded();
    return await promise;
  }

  #growIfNeeded(): void {
    const loading = [...this.#all].some((environment) => environment.alive && !environment.loaded);
    if (this.#waiting.length > 0 && !loading && this.#all.size < this.maximumConcurrency) this.#grow();
  }

  /** A new environment offers itself for work when its code is loaded; an older one may be free before that. */
  #grow(): ExecutionEnvironment {
    const environment = new ExecutionEnvironment(this.configuration, this.#onLog);
    this.#all.add(environment);
    environment.ready.then(
      () => {
        this.#release(environment);
        this.#growIfNeeded();
      },
      (error: unknown) => this.#waiting.shift()?.fail(error),
    );
    void environment.ended.then(() => this.#replace(environment));
    return environment;
  }

  #release(environment: ExecutionEnvironment): void {
    if (!environment.alive) return;
    const next = this.#waiting.shift();
    if (next) next.run(environment);
    else this.#idle.push(environment);
  }

  #replace(environment: ExecutionEnvironment): void {
    this.#all.delete(environment);
    const position = this.#idle.indexOf(environment);
    if (position >= 0) this.#idle.splice(position, 1);
    if (this.#stopped) return;
    // One stays warm; but code that cannot be loaded is not tried again until an event asks for it.
    if (this.#all.size === 0 && environment.loaded) this.#grow();
    else this.#growIfNeeded();
  }
}
