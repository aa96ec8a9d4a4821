import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { close, listen } from '../../local/listen.ts';
import { ROOT } from '../../local/synthesize.ts';

interface Outcome {
  code: number | string;
  stdout: string;
  stderr: string;
}

describe('npm start', () => {
  let home: string;

  beforeAll(async () => {
    home = await mkdtemp(join(tmpdir(), 'switchboard-'));
  });

  afterAll(async () => {
    await rm(home, { recursive: true });
  });

  function start(environment: Record<string, string>, options: string[] = []): Promise<Outcome> {
    const env = { ...process.env, SWITCHBOARD_HOME: home, ...environment };
    return new Promise((resolve) => {
      execFile(process.execPath, [...options, join(ROOT, 'local/start.mjs')], { env }, (error, stdout, stderr) => {
        resolve({ code: error?.code ?? 0, stdout, stderr });
      });
    });
  }

  it('says that a port is taken, and how to choose another one', async () => {
    const other = createServer();
    const port = await listen(other, 0);
    const { code, stderr } = await start({ PORT: String(port) });
    await close(other);

    expect(code).toBe(1);
    expect(stderr.trim()).toBe(
      `Port ${port} is taken; stop what uses it or choose another one, as in: PORT=8081 npm start`,
    );
  });

  it.each(['http', '-1', '70000', ' '])('refuses "%s" for a port', async (PORT) => {
    const { code, stderr } = await start({ PORT });
    expect(code).toBe(1);
    expect(stderr.trim()).toBe(`PORT must be a number from 0 to 65535, not "${PORT}".`);
  });

  it.each(['16.20.0', '20.19.0', '22.17.1', '23.1.0'])('tells Node.js %s that it is too old', async (version) => {
    const pretend = `Object.defineProperty(process.versions, 'node', { value: '${version}' })`;
    const { code, stdout, stderr } = await start({}, [
      '--import',
      `data:text/javascript,${encodeURIComponent(pretend)}`,
    ]);
    expect(code).toBe(1);
    expect(stdout).toBe('');
    expect(stderr).toContain(`Switchboard needs Node.js 24 and this is ${version}. "npm ci" installs it`);
  });

  it('stops at once, as asked, when Ctrl-C comes while it starts', async () => {
    const env = { ...process.env, SWITCHBOARD_HOME: home, PORT: '0' };
    const child = spawn(process.execPath, [join(ROOT, 'local/start.mjs')], { env, stdio: ['ignore', 'pipe', 'pipe'] });
    const exit = once(child, 'exit');
    let output = '';
    child.stdout.on('data', (chunk) => {
      output += chunk;
      if (output.includes('Synthesizing') && !output.includes('Stopping')) child.kill('SIGINT');
    });

    expect(await exit).toEqual([0, null]);
    expect(output).toMatch(/Stopping\.\n$/);
    expect(await readdir(home)).not.toContain('local.json');
  });
});
