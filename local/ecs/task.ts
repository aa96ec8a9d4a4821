import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { StartError } from '../listen.ts';
import type { ImageProcess } from './image.ts';

const HEALTHY_WITHIN_MILLISECONDS = 15_000;
const HEALTH_CHECK_INTERVAL_MILLISECONDS = 50;
const STOP_WITHIN_MILLISECONDS = 3_000;
const RESTARTS = { limit: 5, firstMilliseconds: 500 };
/** A task that ran this long was healthy, so the next crash counts as the first. */
const STEADY_MILLISECONDS = 60_000;

export interface TaskOptions {
  name: string;
  image: ImageProcess;
  /** On top of the image's own. */
  environment: Record<string, string>;
  onLog: (line: string) => void;
  /** Told in a sentence when the task crashes and what happens next. */
  onEvent: (sentence: string) => void;
  /** Called once when the task has crashed too often and stays down. */
  onGivenUp: (error: StartError) => void;
  /** How often in a row it is started again, and how long it waits the first time; then twice as long each time. */
  restarts?: { limit: number; firstMilliseconds: number };
}

/**
 * A task of an ECS service as a child process, on a port of its own that it keeps over restarts. Like the service it is
 * started again when it ends, later each time; unlike the service it gives up after a few times in a row.
 */
export class Task {
  readonly url: string;
  readonly environment: Record<string, string>;
  readonly #options: TaskOptions;
  readonly #stopping = new AbortController();
  #child: ChildProcess | undefined;
  #supervising: Promise<void> | undefined;

  /** @param port a free one */
  constructor(options: TaskOptions, port: number) {
    this.#options = options;
    this.url = `http://127.0.0.1:${port}`;
    this.environment = { ...options.image.environment, ...options.environment, PORT: String(port), HOST: '127.0.0.1' };
  }

  /** @throws StartError when the process ends or does not answer `GET /` in time */
  async start(): Promise<void> {
    const child = this.#spawn();
    await this.#untilHealthy(child);
    this.#supervising = this.#supervise(child);
  }

  get pid(): number | undefined {
    return this.#child?.pid;
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#supervising;
    const child = this.#child;
    if (!child || hasEnded(child)) return;
    const ended = once(child, 'exit');
    child.kill('SIGTERM');
    const impatience = setTimeout(() => child.kill('SIGKILL'), STOP_WITHIN_MILLISECONDS);
    await ended;
    clearTimeout(impatience);
  }

  #spawn(): ChildProcess {
    const { image, onLog } = this.#options;
    const [program = process.execPath, ...rest] = image.command;
    const preload = fileURLToPath(new URL('./exit-with-parent.mjs', import.meta.url));
    const child = spawn(program, ['--import', preload, ...rest], {
      cwd: image.directory,
      env: this.environment,
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
      // In a process group of its own: Ctrl-C is for the stack, which then stops the task in its turn.
      detached: true,
    });
    for (const stream of [child.stdout, child.stderr]) collectLines(stream, onLog);
    this.#child = child;
    onLog(`started as process ${child.pid}`);
    return child;
  }

  async #untilHealthy(child: ChildProcess): Promise<void> {
    const { name } = this.#options;
    const deadline = Date.now() + HEALTHY_WITHIN_MILLISECONDS;
    while (Date.now() < deadline) {
      if (hasEnded(child)) throw new StartError(`The task ${name} ended while it started: ${describeEnd(child)}.`);
      try {
        const response = await fetch(this.url, {
          signal: AbortSignal.timeout(HEALTH_CHECK_INTERVAL_MILLISECONDS * 20),
        });
        await response.body?.cancel();
        if (response.ok) return;
      } catch {
        // Not listening yet.
      }
      await delay(HEALTH_CHECK_INTERVAL_MILLISECONDS);
    }
    throw new StartError(`The task ${name} did not become healthy within ${HEALTHY_WITHIN_MILLISECONDS / 1000} s.`);
  }

  async #supervise(first: ChildProcess): Promise<void> {
    const { name, onEvent, onGivenUp, restarts: allowed = RESTARTS } = this.#options;
    let child = first;
    for (let restarts = 0; ; restarts += 1) {
      const startedAt = Date.now();
      await this.#untilEnded(child);
      if (this.#stopping.signal.aborted) return;
      if (Date.now() - startedAt > STEADY_MILLISECONDS) restarts = 0;
      if (restarts >= allowed.limit) {
        const often = allowed.limit === 0 ? 'crashed' : `crashed ${restarts + 1} times in a row, the last time`;
        onGivenUp(new StartError(`The task ${name} ${often} with ${describeEnd(child)}.`));
        return;
      }
      const wait = allowed.firstMilliseconds * 2 ** restarts;
      onEvent(`The task ${name} crashed (${describeEnd(child)}) and is started again in ${wait / 1000} s.`);
      try {
        await delay(wait, undefined, { signal: this.#stopping.signal });
      } catch {
        return;
      }
      child = this.#spawn();
    }
  }

  async #untilEnded(child: ChildProcess): Promise<void> {
    if (hasEnded(child)) return;
    try {
      await once(child, 'exit', { signal: this.#stopping.signal });
    } catch (error) {
      if (!this.#stopping.signal.aborted) throw error;
    }
  }
}

function hasEnded(child: ChildProcess): boolean {
  return child.exitCode !== null || child.signalCode !== null;
}

function describeEnd({ exitCode, signalCode }: ChildProcess): string {
  return signalCode === null ? `exit code ${exitCode}` : `signal ${signalCode}`;
}

function collectLines(stream: Readable | null, onLine: (line: string) => void): void {
  if (stream) createInterface({ input: stream }).on('line', onLine);
}
