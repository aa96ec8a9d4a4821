import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import process from 'node:process';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { Program } from './program.ts';

const PROBE_INTERVAL_MILLISECONDS = 50;
const PROBE_TIMEOUT_MILLISECONDS = 1_000;
const STOP_WITHIN_MILLISECONDS = 3_000;

/** How a process ended. */
export interface ProcessEnd {
  /** 128 and the signal's place would be Docker's; here the signal is named in the sentence. */
  exitCode: number | undefined;
  /** `exit code 1`, `signal SIGKILL`. */
  description: string;
}

/** A container's process as a child of this one, which it does not outlive. */
export class ContainerProcess {
  readonly url: string;
  readonly environment: Record<string, string>;
  /** Resolves when it has ended, for whatever reason. */
  readonly ended: Promise<ProcessEnd>;
  readonly #child: ChildProcess;
  #end: ProcessEnd | undefined;

  /** Starts it. @param port a free one, which it is told to listen on */
  constructor({ command, directory, environment }: Program, port: number, onLog: (line: string) => void) {
    this.url = `http://127.0.0.1:${port}`;
    this.environment = { ...environment, PORT: String(port), HOST: '127.0.0.1' };
    const [program, ...rest] = command;
    const preload = fileURLToPath(new URL('./exit-with-parent.mjs', import.meta.url));
    const isNode = program === process.execPath;
    this.#child = spawn(program, isNode ? ['--import', preload, ...rest] : rest, {
      cwd: directory,
      env: this.environment,
      stdio: isNode ? ['ignore', 'pipe', 'pipe', 'ipc'] : ['ignore', 'pipe', 'pipe'],
      // In a process group of its own: Ctrl-C is for the stack, which then stops the task in its turn.
      detached: true,
    });
    for (const stream of [this.#child.stdout, this.#child.stderr]) collectLines(stream, onLog);
    this.ended = this.#untilEnded();
    if (this.pid !== undefined) onLog(`started as process ${this.pid}`);
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  /**
   * Waits until it answers `GET /`.
   * @throws Error with the reason when it ends or does not in time
   */
  async untilHealthy(patienceMilliseconds: number): Promise<void> {
    const deadline = Date.now() + patienceMilliseconds;
    while (Date.now() < deadline) {
      if (this.#end) throw new Error(`ended while it started: ${this.#end.description}`);
      if (await answers(this.url)) return;
      await delay(PROBE_INTERVAL_MILLISECONDS);
    }
    throw new Error(`did not become healthy within ${patienceMilliseconds / 1000} s`);
  }

  /** Ends it as ECS does: SIGTERM, and after a while SIGKILL. */
  async stop(): Promise<void> {
    this.kill('SIGTERM');
    const impatience = setTimeout(() => this.kill('SIGKILL'), STOP_WITHIN_MILLISECONDS);
    await this.ended;
    clearTimeout(impatience);
  }

  kill(signal: NodeJS.Signals): void {
    if (!this.#end) this.#child.kill(signal);
  }

  async #untilEnded(): Promise<ProcessEnd> {
    try {
      const [code, signal]: [number | null, NodeJS.Signals | null] = (await once(this.#child, 'exit')) as never;
      this.#end = {
        exitCode: code ?? undefined,
        description: signal === null ? `exit code ${code}` : `signal ${signal}`,
      };
    } catch (error) {
      this.#end = { exitCode: undefined, description: error instanceof Error ? error.message : String(error) };
    }
    return this.#end;
  }
}

async function answers(url: string): Promise<boolean> {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(PROBE_TIMEOUT_MILLISECONDS) });
    await response.body?.cancel();
    return response.ok;
  } catch {
    // Not listening yet.
    return false;
  }
}

function collectLines(stream: Readable | null, onLine: (line: string) => void): void {
  if (stream) createInterface({ input: stream }).on('line', onLine);
}
