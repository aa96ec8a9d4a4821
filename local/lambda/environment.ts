import { once } from 'node:events';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { Worker } from 'node:worker_threads';
import type { FunctionConfiguration, FunctionFailure, Invocation, WorkerMessage } from './protocol.ts';

/** Lambda gives a function's code 10 s to load, but not on a machine that all functions share with a person's other work. */
const INIT_TIMEOUT_MILLISECONDS = 30_000;

/** A function failed: it threw, it ran out of time, or its environment died under it. */
export class FunctionError extends Error {
  readonly errorType: string;
  readonly trace: string[];

  constructor({ errorType, errorMessage, trace }: FunctionFailure) {
    super(errorMessage);
    this.errorType = errorType;
    this.trace = trace;
  }
}

/**
 * One execution environment of a function: a worker thread with an environment of its own, which handles one event at
 * a time and is thrown away when it fails to.
 */
export class ExecutionEnvironment {
  /** Resolves once the code is loaded; rejects with a FunctionError when it cannot be. */
  readonly ready: Promise<void>;
  /** Resolves when the thread has ended, for whatever reason. */
  readonly ended: Promise<void>;
  /** False from the moment that it may take no more events. */
  alive = true;
  /** Whether its code was ever loaded. */
  loaded = false;
  readonly #worker: Worker;
  readonly #configuration: FunctionConfiguration;
  #pending: { resolve: (result: string) => void; reject: (error: FunctionError) => void } | undefined;
  #cause: FunctionFailure = { errorType: 'Runtime.ExitError', errorMessage: 'Runtime exited', trace: [] };

  constructor(configuration: FunctionConfiguration, onLog: (line: string) => void) {
    this.#configuration = configuration;
    const loaded = Promise.withResolvers<void>();
    this.ready = loaded.promise;
    this.ready.catch(() => {
      // Whoever invokes it is told; nobody may be waiting yet when an idle environment cannot load its code.
    });
    this.#worker = new Worker(new URL('./runtime.ts', import.meta.url), {
      workerData: configuration,
      env: configuration.environment,
      execArgv: [],
      stdout: true,
      stderr: true,
      resourceLimits: { maxOldGenerationSizeMb: configuration.memoryMegabytes },
    });
    collectLines(this.#worker.stdout, onLog);
    collectLines(this.#worker.stderr, onLog);
    const initTimer = setTimeout(() => {
      this.kill('Runtime.InitTimeout', `The code took longer than ${INIT_TIMEOUT_MILLISECONDS / 1000} s to load`);
    }, INIT_TIMEOUT_MILLISECONDS);
    this.#worker.on('message', (message: WorkerMessage) => {
      if (message.kind === 'ready') {
        clearTimeout(initTimer);
        this.loaded = true;
        loaded.resolve();
      } else if (message.kind === 'broken') {
        this.#cause = message.failure;
        void this.#worker.terminate();
      } else if (message.kind === 'result') {
        this.#pending?.resolve(message.result);
      } else {
        this.#pending?.reject(new FunctionError(message.failure));
      }
    });
    this.#worker.on('error', (error: unknown) => {
      const { name, message, stack } = error instanceof Error ? error : new Error(String(error));
      this.#cause = { errorType: name, errorMessage: message, trace: stack?.split('\n') ?? [] };
    });
    this.ended = once(this.#worker, 'exit').then(() => {
      this.alive = false;
      clearTimeout(initTimer);
      loaded.reject(new FunctionError(this.#cause));
      this.#pending?.reject(new FunctionError(this.#cause));
    });
  }

  /**
   * Hands one event to the function and waits for its answer.
   * @returns the answer as JSON
   * @throws FunctionError when it threw, timed out or died; after the latter two this environment has ended
   */
  async invoke(requestId: string, event: string): Promise<string> {
    await this.ready;
    if (!this.alive) throw new FunctionError(this.#cause);
    const { timeoutSeconds } = this.#configuration;
    const deadline = Date.now() + timeoutSeconds * 1000;
    const outcome = Promise.withResolvers<string>();
    this.#pending = outcome;
    const timer = setTimeout(() => {
      this.kill('Sandbox.Timedout', `Task timed out after ${timeoutSeconds.toFixed(2)} seconds`);
    }, timeoutSeconds * 1000);
    try {
      const invocation: Invocation = { requestId, event, deadline };
      this.#worker.postMessage(invocation);
      return await outcome.promise;
    } finally {
      clearTimeout(timer);
      this.#pending = undefined;
    }
  }

  /** Ends the thread wherever it is; an event in hand fails with this reason. */
  kill(errorType: string, errorMessage: string): void {
    this.alive = false;
    this.#cause = { errorType, errorMessage, trace: [] };
    void this.#worker.terminate();
  }
}

function collectLines(stream: Readable, onLine: (line: string) => void): void {
  createInterface({ input: stream }).on('line', onLine);
}
