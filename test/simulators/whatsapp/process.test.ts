import { spawn } from 'node:child_process';
import { cp, mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { readEnvironment } from '../../../simulators/whatsapp/environment.ts';

const FOLDER = fileURLToPath(new URL('../../../simulators/whatsapp/', import.meta.url));

interface Finished {
  code: number | null;
  stdout: string;
  stderr: string;
}

/** Runs main.ts; `whenListening` gets the port and a way to end the process. */
async function run(
  environment: Record<string, string>,
  whenListening: (port: number, kill: (signal: NodeJS.Signals) => void) => Promise<void> = async () => {},
  folder = FOLDER,
): Promise<Finished> {
  const child = spawn(process.execPath, ['main.ts'], {
    cwd: folder,
    env: { PATH: process.env['PATH'], ...environment },
  });
  let stdout = '';
  let stderr = '';
  child.stderr.on('data', (chunk) => {
    stderr += chunk;
  });
  const finished = new Promise<number | null>((resolve) => child.on('close', resolve));
  const listening = new Promise<number | undefined>((resolve) => {
    child.stdout.on('data', (chunk) => {
      stdout += chunk;
      if (stdout.includes('\n')) resolve(JSON.parse(stdout.split('\n')[0] ?? '').port);
    });
    child.on('close', () => resolve(undefined));
  });
  const port = await listening;
  try {
    if (port !== undefined) await whenListening(port, (signal) => child.kill(signal));
  } catch (error) {
    child.kill('SIGKILL');
    throw error;
  }
  return { code: await finished, stdout, stderr };
}

// Each starts a Node process, which takes a while on a busy machine.
describe('the process', { timeout: 20_000 }, () => {
  it.each(['SIGTERM', 'SIGINT'] as const)('says when it listens, and stops cleanly on %s', async (signal) => {
    const environment = { PORT: '0', SANDBOX_NUMBERS: '15550001111', SANDBOX_ADMIN_PASSWORD: 'Sandbox-1234' };
    const { code, stdout, stderr } = await run(environment, async (port, kill) => {
      expect((await fetch(`http://127.0.0.1:${port}/devices/15550001111/`)).status).toBe(200);
      // An open connection and a long poll must not keep it alive.
      const poll = fetch(`http://127.0.0.1:${port}/control/contacts/15552223333/messages?wait=1&timeoutMs=60000`);
      kill(signal);
      await expect(poll).rejects.toThrow('fetch failed');
    });

    expect(stdout).toMatch(/^\{"event":"listening","port":\d+\}\n$/);
    expect(stderr).toBe('');
    expect(code).toBe(0);
  });

  it('runs as a copy of its folder, as in the image, and prints no warning', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'simulator-'));
    try {
      await cp(FOLDER, folder, { recursive: true });
      const { code, stderr } = await run({ PORT: '0' }, async (_, kill) => kill('SIGTERM'), folder);

      expect(stderr).toBe('');
      expect(code).toBe(0);
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  it('says in a sentence that the port is taken', async () => {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const address = server.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    const { code, stdout, stderr } = await run({ PORT: String(port) });
    server.close();

    expect({ code, stdout, stderr }).toEqual({
      code: 1,
      stdout: '',
      stderr: `The simulator cannot start: Port ${port} is in use.\n`,
    });
  });

  it.each([
    [{ SANDBOX_NUMBERS: '12' }, '"12" is not a phone number; write 5 to 15 digits.'],
    [{ SANDBOX_NUMBERS: '15550001111,+15550001111' }, 'The number 15550001111 is listed twice.'],
    [{ SANDBOX_ADMIN_PASSWORD: 'simple' }, 'The admin password is refused: a password has 8 to 64 characters.'],
    [{ VERSION: 'newest' }, 'The version must look like v2.45.1, not "newest".'],
    [{ STATUS_DELAYS_MS: '3,2,1' }, 'The status delays must be three rising numbers'],
  ])('refuses to start with %o', async (environment, sentence) => {
    const { code, stderr } = await run({ PORT: '0', ...environment });

    expect(stderr).toContain(sentence);
    expect(stderr.split('\n')).toHaveLength(2);
    expect(code).toBe(1);
  });
});

describe('the environment', () => {
  it('becomes options', () => {
    const options = readEnvironment({
      PORT: '0',
      SANDBOX_NUMBERS: '15550001111, +1 555 000 2222',
      STATUS_DELAYS_MS: '1,2,3',
      MESSAGES_RATE: '50/150',
      MODE: '',
    });

    expect(options).toEqual({
      port: 0,
      numbers: ['15550001111', '+1 555 000 2222'],
      statusDelaysMs: { sent: 1, delivered: 2, read: 3 },
      rates: { messages: { perSecond: 50, burst: 150 }, others: { perSecond: 20, burst: 60 } },
    });
  });

  it.each([
    ['PORT', '65536'],
    ['PORT', '80a'],
    ['STATUS_DELAYS_MS', '1,2'],
    ['STATUS_DELAYS_MS', '1,2,x'],
    ['MESSAGES_RATE', '50'],
    ['OTHERS_RATE', '5/0'],
    ['MODE', 'triple'],
    ['WA_API_KEY', 'short'],
    ['PLAIN_WEBHOOKS', 'yes'],
    ['COREAPPS', '65'],
  ])('is refused by name: %s=%s', (name, value) => {
    expect(() => readEnvironment({ [name]: value })).toThrow(new RegExp(`^${name} must`));
  });

  it('is complained of all at once', () => {
    expect(() => readEnvironment({ PORT: 'x', MODE: 'y' })).toThrow(/^PORT must .*\nMODE must .*$/);
  });
});

describe('the folder', () => {
  it('imports nothing but itself and Node', async () => {
    const files = (await readdir(FOLDER, { recursive: true })).filter((name) => name.endsWith('.ts'));
    expect(files.length).toBeGreaterThan(30);
    for (const file of files) {
      const source = await readFile(join(FOLDER, file), 'utf8');
      const imported = [...source.matchAll(/from '([^']+)'/g)].map((match) => match[1] ?? '');
      const outside = imported.filter((name) => {
        if (name.startsWith('node:')) return false;
        return !name.startsWith('.') || !new URL(name, `file://${join(FOLDER, file)}`).pathname.startsWith(FOLDER);
      });

      expect(outside, file).toEqual([]);
    }
  });
});
