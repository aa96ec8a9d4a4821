import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import type { Readable } from 'node:stream';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ROOT } from '../../local/synthesize.ts';
import { isLocal } from './support/local.ts';

describe.runIf(isLocal)('npm start', () => {
  let home: string;
  let child: ChildProcessByStdio<null, Readable, Readable>;
  let exit: Promise<unknown[]>;
  let output = '';

  beforeAll(async () => {
    home = await mkdtemp(join(tmpdir(), 'switchboard-'));
    const env = { ...process.env, SWITCHBOARD_HOME: home, PORT: '0' };
    child = spawn(process.execPath, [join(ROOT, 'local/start.mjs')], { env, stdio: ['ignore', 'pipe', 'pipe'] });
    exit = once(child, 'exit');
  });

  afterAll(async () => {
    child.kill('SIGKILL');
    await exit;
    await rm(home, { recursive: true });
  });

  /** Waits until the output has this; the end of the process is the end of waiting. */
  async function printed(pattern: RegExp): Promise<string> {
    const { promise, resolve } = Promise.withResolvers<void>();
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', (chunk) => {
        output += chunk;
        if (pattern.test(output)) resolve();
      });
    }
    await Promise.race([promise, exit]);
    return output;
  }

  it('sends a first message, registers a second number, and ends with a sentence when its sandbox crashes', async () => {
    const text = await printed(/ is ONLINE, on \d+ containers\n/);
    const timeline = [...text.matchAll(/^ +\d+\.\d\d s {2}(\w+) +by \w+$/gm)].map(([, event]) => event);
    expect(timeline, text).toEqual(['queued', 'sending', 'sent', 'delivered', 'read']);
    expect(text).toMatch(/Switchboard is ready after \d+\.\d s\./);
    const states = [...text.matchAll(/^ +\d+\.\d\d s {2}(\w+)$/gm)].map(([, state]) => state);
    expect(states[0], text).toBe('ReserveSender');
    expect(states, text).toEqual(expect.arrayContaining(['StartContainers', 'WaitForCode', 'VerifyCode']));
    expect(states.at(-1), text).toBe('GoOnline');

    const readLocal = async () =>
      JSON.parse(await readFile(join(home, 'local.json'), 'utf8')) as Record<string, string>;
    await expect.poll(readLocal).toHaveProperty('registeredSender');
    const local = await readLocal();
    expect(local).toEqual({
      url: expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+$/),
      accountSid: expect.stringMatching(/^AC[0-9a-f]{32}$/),
      authToken: expect.stringMatching(/^[0-9a-f]{32}$/),
      sender: 'whatsapp:+15550001111',
      contact: 'whatsapp:+15551230001',
      simulatorUrl: expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+$/),
      graphUrl: expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+$/),
      providersUrl: expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+$/),
      registeredSender: 'whatsapp:+15550002222',
      pid: child.pid,
    });

    const command =
      /curl -u (\S+) (\S+) \\\n +--data-urlencode (\S+) --data-urlencode (\S+) --data-urlencode (\S+)/.exec(text);
    const [, credentials = '', url = '', ...form] = command ?? [];
    const response = await fetch(url, {
      method: 'POST',
      headers: { authorization: `Basic ${Buffer.from(credentials).toString('base64')}` },
      body: new URLSearchParams(form.join('&').replaceAll('+', '%2B')),
    });
    expect(response.status).toBe(201);

    // What the operating system would do to it when memory runs out.
    const log = await readFile(join(home, 'stack.log'), 'utf8');
    process.kill(Number(/started as process (\d+)/.exec(log)?.[1]), 'SIGKILL');
    expect(await exit).toEqual([1, null]);
    expect(output).toMatch(/\nThe task \S+ crashed with signal SIGKILL\.\n$/);
    expect(await readdir(home)).not.toContain('local.json');
    await expect(fetch(local['url'] ?? '')).rejects.toThrow('fetch failed');
    await expect(fetch(local['simulatorUrl'] ?? '')).rejects.toThrow('fetch failed');
  }, 120_000);
});
