import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { delimiter, join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';

/** The top of the repository. */
export const ROOT = fileURLToPath(new URL('../../', import.meta.url));

/**
 * The environment of everything that is started here: the repository's own Node first, because the emulator runs functions with
 * whatever `node` it finds; and none of the caller's AWS settings, so that nothing can reach a real AWS account.
 */
export function cleanEnvironment(more: Record<string, string> = {}): Record<string, string> {
  const kept = Object.entries(process.env).filter(
    (entry): entry is [string, string] =>
      entry[1] !== undefined && !/^(AWS_|CDK_|NODE_|VITEST|SWITCHBOARD_)/.test(entry[0]),
  );
  const path = [join(ROOT, 'node_modules', '.bin'), process.env['PATH']].join(delimiter);
  return { ...Object.fromEntries(kept), PATH: path, ...more };
}

/** A process that runs until it is stopped. */
export class Child {
  readonly #name: string;
  readonly #process: ChildProcess;
  #output = '';

  constructor(name: string, command: string, parameters: string[], env: Record<string, string>) {
    this.#name = name;
    this.#process = spawn(command, parameters, { cwd: ROOT, env, stdio: ['ignore', 'pipe', 'pipe'] });
    for (const stream of [this.#process.stdout, this.#process.stderr]) {
      stream?.setEncoding('utf8').on('data', (text: string) => {
        this.#output += text;
      });
    }
  }

  /**
   * Waits until a URL answers with success.
   * @throws with the end of its output when it ends instead, or takes longer than a minute
   */
  async untilItAnswers(url: string): Promise<void> {
    const ended = once(this.#process, 'exit').then(() => Promise.reject(this.#failure('ended')));
    const deadline = Date.now() + 60_000;
    while (Date.now() < deadline) {
      const answer = fetch(url).catch(() => undefined);
      if ((await Promise.race([answer, ended]))?.ok) {
        ended.catch(() => undefined);
        return;
      }
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    throw this.#failure('did not answer within a minute');
  }

  async stop(): Promise<void> {
    if (this.#process.exitCode !== null || this.#process.signalCode !== null) return;
    const exited = once(this.#process, 'exit');
    this.#process.kill('SIGTERM');
    const timer = setTimeout(() => this.#process.kill('SIGKILL'), 10_000);
    await exited;
    clearTimeout(timer);
  }

  #failure(what: string): Error {
    return new Error(`${this.#name} ${what}. Its last words:\n${lastLines(this.#output)}`);
  }
}

/**
 * Runs a command to its end.
 * @returns what it printed
 * @throws with the end of its output when it fails
 */
export async function run(command: string, parameters: string[], env: Record<string, string>): Promise<string> {
  const child = spawn(command, parameters, { cwd: ROOT, env, stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      output += text;
    });
  }
  const [code] = await once(child, 'close');
  if (code !== 0) throw new Error(`${command} ${parameters.join(' ')} failed (${code}):\n${lastLines(output)}`);
  return output;
}

function lastLines(text: string): string {
  return text.trimEnd().split('\n').slice(-40).join('\n');
}
