import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { startContainer } from '../../../simulators/whatsapp/cluster/container.ts';
import { Lease } from '../../../simulators/whatsapp/cluster/lease.ts';
import type { NodeRole } from '../../../simulators/whatsapp/cluster/nodes.ts';
import { StateDirectory } from '../../../simulators/whatsapp/cluster/state-directory.ts';
import type { Mode } from '../../../simulators/whatsapp/options.ts';

const PASSWORD = 'Registered-1';
const CERTIFICATE = Buffer.from('Shop').toString('base64');
/** Long enough that a busy machine never makes a living container seem gone. */
const HEARTBEAT_MS = 200;

const eventually = (assertion: () => Promise<void>) => vi.waitFor(assertion, { timeout: 15_000, interval: 20 });

function temporaryDirectory(): string {
  const path = mkdtempSync(join(tmpdir(), 'simulator-'));
  onTestFinished(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

/** The containers of one number, and its API as its web answers it. */
async function startNumber(mode: Mode, roles: readonly NodeRole[], stateDirectory = temporaryDirectory()) {
  const start = async (role: NodeRole) => {
    const container = await startContainer(
      { mode, connectDelayMs: 0 },
      { role, stateDirectory, heartbeatMs: HEARTBEAT_MS },
    );
    let stopped: Promise<void> | undefined;
    const stop = () => (stopped ??= container.stop());
    onTestFinished(stop);
    return { ...container, role, stop };
  };
  const containers = [];
  for (const role of roles) containers.push(await start(role));
  const web = containers.find(({ role }) => role === 'web');
  const call = async (method: string, path: string, authorization: string, body?: unknown) => {
    const answer = await fetch(`${web?.url}${path}`, {
      method,
      headers: { authorization },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    const text = await answer.text();
    return { status: answer.status, json: text ? JSON.parse(text) : undefined };
  };
  const basic = (password: string) => `Basic ${Buffer.from(`admin:${password}`).toString('base64')}`;
  const logIn = async (password: string, body?: unknown) =>
    `Bearer ${(await call('POST', '/v1/users/login', basic(password), body)).json.users[0].token}`;
  return { start, containers, call, logIn, stateDirectory };
}

type Started = Awaited<ReturnType<typeof startNumber>>;

async function register({ call, logIn }: Started): Promise<string> {
  const token = await logIn('secret', { new_password: PASSWORD });
  const account = { cc: '1', phone_number: '5550001111', method: 'sms', cert: CERTIFICATE };
  // Until the master has heard of a coreapp, there is no core.
  await eventually(async () => expect((await call('POST', '/v1/account', token, account)).status).toBe(202));
  expect((await call('POST', '/v1/account/verify', token, { code: '123456' })).status).toBe(201);
  return token;
}

const health = async ({ call }: Started, token: string) => (await call('GET', '/v1/health', token)).json.health;

/** Statuses and roles of a cluster's nodes, sorted. */
const nodesOf = (answer: Record<string, { role: string; gateway_status: string }>) =>
  Object.values(answer)
    .map(({ role, gateway_status: status }) => `${role} ${status}`)
    .sort();

describe('the containers of one number', () => {
  it.each([
    ['single', ['web', 'coreapp']],
    ['high-availability', ['web', 'master', 'coreapp']],
  ] as const)('in mode %s every role answers GET /, and the web the API', async (mode, roles) => {
    const number = await startNumber(mode, roles);
    for (const { url } of number.containers) expect((await fetch(url)).status).toBe(200);
    await register(number);
  });

  it('share their users, whichever web answers', async () => {
    const number = await startNumber('high-availability', ['web', 'web', 'master', 'coreapp']);
    const token = await number.logIn('secret', { new_password: PASSWORD });
    const answers = number.containers
      .filter(({ role }) => role === 'web')
      .map(({ url }) => fetch(`${url}/v1/users/admin`, { headers: { authorization: token } }));
    expect((await Promise.all(answers)).map(({ status }) => status)).toEqual([200, 200]);
  });

  it('are listed by their roles: one coreapp is connected, a spare and the masters are not', async () => {
    const number = await startNumber('high-availability', ['web', 'master', 'master', 'coreapp', 'coreapp']);
    const token = await register(number);
    await eventually(async () => {
      expect(nodesOf(await health(number, token))).toEqual([
        'coreapp connected',
        'coreapp disconnected',
        'primary_master disconnected',
        'secondary_master disconnected',
      ]);
    });
  });

  it.each([
    [2, 201],
    [4, 400],
  ])('of which three are coreapps, set to %s shards, answer %s', async (shards, status) => {
    const roles = ['web', 'master', 'coreapp', 'coreapp', 'coreapp'] as const;
    const number = await startNumber('multiconnect', roles);
    const token = await register(number);
    await eventually(async () => expect(nodesOf(await health(number, token))).toContain('primary_master connected'));
    const account = { cc: '1', phone_number: '5550001111', shards, cert: CERTIFICATE };
    expect((await number.call('POST', '/v1/account/shards', token, account)).status).toBe(status);
  });

  it.each([
    ['single', 'coreapp'],
    ['high-availability', 'master'],
  ] as const)('keep number, users and tokens in mode %s when the %s is replaced', async (mode, replaced) => {
    const number = await startNumber(mode, mode === 'single' ? ['web', 'coreapp'] : ['web', 'master', 'coreapp']);
    const token = await register(number);
    await number.containers.find(({ role }) => role === replaced)?.stop();
    expect((await number.call('GET', '/v1/health', token)).status).toBe(500);
    await number.start(replaced);
    await eventually(async () => {
      expect(JSON.stringify(await health(number, token))).toContain('"connected"');
    });
  });

  it('are without a number while they have no coreapp, and connected again when one is back', async () => {
    const number = await startNumber('high-availability', ['web', 'master', 'coreapp']);
    const token = await register(number);
    await number.containers.find(({ role }) => role === 'coreapp')?.stop();
    await eventually(async () => {
      expect(nodesOf(await health(number, token))).toEqual(['primary_master disconnected']);
    });
    await number.start('coreapp');
    await eventually(async () => expect(nodesOf(await health(number, token))).toContain('coreapp connected'));
  });

  it('answer what the container does while nobody speaks for the number', async () => {
    const number = await startNumber('single', ['web']);
    const { status, json } = await number.call('GET', '/v1/health', '');
    expect([status, json.errors[0].code]).toEqual([500, 1014]);
  });
});

describe('the lease', () => {
  it('is with one candidate at a time, and passes on when it is released or has run out', () => {
    vi.useFakeTimers();
    onTestFinished(() => void vi.useRealTimers());
    const directory = new StateDirectory(temporaryDirectory());
    const lease = new Lease(directory, 1_000);
    const [one, two] = ['one', 'two'].map((id) => ({ id, address: `http://${id}` }));
    if (!one || !two) throw new Error('Two candidates are needed.');
    expect([lease.take(one), lease.take(two), lease.take(one)]).toEqual([true, false, true]);
    expect(lease.holder()).toMatchObject(one);
    vi.advanceTimersByTime(1_000);
    expect(lease.holder()).toBeUndefined();
    expect([lease.take(two), lease.take(one)]).toEqual([true, false]);
    lease.release(one);
    expect(lease.holder()).toMatchObject(two);
    lease.release(two);
    expect(lease.take(one)).toBe(true);
  });
});
