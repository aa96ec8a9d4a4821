import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from '../../local/listen.ts';
import { Child, cleanEnvironment, ROOT, run } from './child.ts';

const VERSION = '1.5.33';
const VENV = join(ROOT, '.venv');
const PYTHON = join(VENV, 'bin', 'python');

/** The settings under which AWS's tools and SDKs use an emulator instead of AWS. */
export function emulatedAws(url: string): Record<string, string> {
  return cleanEnvironment({
    AWS_ENDPOINT_URL: url,
    AWS_ACCESS_KEY_ID: 'emulated',
    AWS_SECRET_ACCESS_KEY: 'emulated',
    AWS_REGION: 'us-east-1',
    AWS_DEFAULT_REGION: 'us-east-1',
    AWS_EC2_METADATA_DISABLED: 'true',
  });
}

/** AWS on this machine: ministack, a free emulator from PyPI, in a virtual environment of its own. */
export class Emulator {
  readonly url: string;
  readonly #process: Child;
  readonly #scratch: string;

  private constructor(url: string, child: Child, scratch: string) {
    this.url = url;
    this.#process = child;
    this.#scratch = scratch;
  }

  /** Installs it if it is not there in the right version. Needs Python 3.10 or newer, with venv and pip. */
  static async install(): Promise<void> {
    if (existsSync(PYTHON)) {
      const script = 'import importlib.metadata as m; print(m.version("ministack"))';
      const installed = await run(PYTHON, ['-c', script], cleanEnvironment()).catch(() => 'none');
      if (installed.trim() === VERSION) return;
    }
    await run('python3', ['-m', 'venv', VENV], cleanEnvironment()).catch((error) => {
      throw new Error('The deploy test needs python3, 3.10 or newer, with its venv module.', { cause: error });
    });
    await run(PYTHON, ['-m', 'pip', 'install', '--quiet', `ministack==${VERSION}`], cleanEnvironment());
  }

  static async start(): Promise<Emulator> {
    const port = await freePort();
    const scratch = mkdtempSync(join(tmpdir(), 'switchboard-aws-'));
    const child = new Child(
      'ministack',
      join(VENV, 'bin', 'ministack'),
      [],
      cleanEnvironment({ GATEWAY_PORT: String(port), BIND_HOST: '127.0.0.1', TMPDIR: scratch }),
    );
    const emulator = new Emulator(`http://127.0.0.1:${port}`, child, scratch);
    try {
      await child.untilItAnswers(`${emulator.url}/_ministack/health`);
    } catch (error) {
      await emulator.stop();
      throw error;
    }
    return emulator;
  }

  /** The CloudFormation resource types that it can deploy, asked of its own table. */
  async deployableTypes(): Promise<Set<string>> {
    const script = [
      'import json',
      'from ministack.services.cloudformation import provisioners',
      'print(json.dumps([t for t, h in provisioners._RESOURCE_HANDLERS.items() if "create" in h]))',
    ].join('\n');
    const output = await run(PYTHON, ['-W', 'ignore', '-c', script], cleanEnvironment());
    return new Set(JSON.parse(output.trim().split('\n').at(-1) ?? '[]') as string[]);
  }

  async stop(): Promise<void> {
    await this.#process.stop();
    rmSync(this.#scratch, { recursive: true, force: true });
  }
}
