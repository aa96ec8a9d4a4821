import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, expect, it, vi } from 'vitest';
import { readSpec } from '../../lambdas/channels/read-yaml.ts';
import type { Sender, SenderSecret } from '../../lambdas/domain/sender.ts';
import { newSid } from '../../lambdas/domain/sid.ts';
import { renewSessions } from '../../lambdas/maintenance/renew-sessions.ts';
import { SessionKeeper } from '../../lambdas/maintenance/session-keeper.ts';
import { CredentialSource } from '../../lambdas/outbound/credentials.ts';
import { send } from '../../lambdas/platform/http.ts';
import { Remembered } from '../../lambdas/platform/remembered.ts';
import { seededRandom } from '../../simulators/whatsapp/random.ts';
import { MemorySessions } from './memory-sessions.ts';

/*
 * Eight weeks of 200 numbers, with the clock moved on: the real renewing code against devices whose tokens live for seven
 * days. Nothing waits, and nothing but the devices is called over HTTP; `Date` is what the test says.
 */

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const NUMBERS = 200;
const WEEKS = 8;
const LIFE_MS = 7 * DAY;
/** In production it is a minute. */
const RUN_EVERY_MS = 10 * MINUTE;
/** In the fourth week the renewing function does not run. */
const OUTAGE = { from: 24 * DAY, to: 24 * DAY + 6 * HOUR };

const { channel } = readSpec('whatsapp');
const random = seededRandom(4);
const start = Date.parse('2026-03-02T00:00:00.000Z');
vi.useFakeTimers({ toFake: ['Date'], now: start });

let logins = 0;
let failures = 0;
/** Token → when it ends. */
const tokens = new Map<string, number>();
const devices = createServer((_request, response) => {
  logins += 1;
  // One in a hundred renewals fails; a number's first login does not.
  if (logins > NUMBERS && random() < 0.01) {
    failures += 1;
    response.writeHead(503).end();
    return;
  }
  const expiresAt = Date.now() + LIFE_MS;
  tokens.set(`token-${logins}`, expiresAt);
  const expires_after = new Date(expiresAt).toISOString().replace('T', ' ').replace('Z', '+00:00');
  response.end(JSON.stringify({ users: [{ token: `token-${logins}`, expires_after }] }));
});
await new Promise<void>((resolve) => devices.listen(0, '127.0.0.1', resolve));
const url = `http://127.0.0.1:${(devices.address() as AddressInfo).port}`;

afterAll(() => {
  vi.useRealTimers();
  devices.closeAllConnections();
  devices.close();
});

/** Secrets without Secrets Manager: what is kept, and what a function read less than five minutes ago. */
const kept = new Map<string, SenderSecret>();
const readSecret = async (secretId: string): Promise<SenderSecret> => {
  const secret = kept.get(secretId);
  if (!secret) throw new Error(`There is no secret ${secretId}.`);
  return secret;
};
const secrets = {
  get: readSecret,
  put: async (secretId: string, secret: SenderSecret) => void kept.set(secretId, secret),
};
const remembered = new Remembered<SenderSecret>(5 * MINUTE);
const rememberingSecrets = {
  ...secrets,
  async get(secretId: string, { fresh = false } = {}) {
    if (fresh) remembered.forget(secretId);
    return (await remembered.get(secretId, () => readSecret(secretId))) ?? readSecret(secretId);
  },
};
const sessions = new MemorySessions();
const registered = new Map<string, Sender>();
const senders = { get: async (_accountSid: string, sid: string) => registered.get(sid) };
const keeper = new SessionKeeper({ secrets, sessions, send, allowLoopback: true });
// A function that delivers, with a memory of its own.
const delivering = new CredentialSource({ secrets: rememberingSecrets, sessions, allowLoopback: true });
const renewing = { secrets, sessions, senders, keeper, channel: () => channel, now: () => Date.now() };

async function register(index: number): Promise<Sender> {
  const sid = newSid('XE', Date.now());
  const at = new Date().toISOString();
  const sender: Sender = {
    sid,
    accountSid: `AC${'1'.repeat(32)}`,
    channel: 'whatsapp',
    address: String(15550000000 + index),
    status: 'ONLINE',
    fields: { url },
    secretId: `senders/${sid}`,
    webhookSecretHash: '',
    webhook: { callbackMethod: 'POST', fallbackMethod: 'POST' },
    dateCreated: at,
    dateUpdated: at,
  };
  registered.set(sid, sender);
  kept.set(sender.secretId, { secrets: { password: 'Secret-123' }, webhookSecret: 'hook' });
  await delivering.get(sender, channel, Date.now());
  return sender;
}

it('no send meets an expired token, and no token is renewed much more often than it must be', {
  timeout: 60_000,
}, async () => {
  const numbers = await Promise.all(Array.from({ length: NUMBERS }, (_, index) => register(index)));
  let sends = 0;
  let expired = 0;
  for (let at = 0; at <= WEEKS * 7 * DAY; at += RUN_EVERY_MS) {
    vi.setSystemTime(start + at);
    if (at < OUTAGE.from || at > OUTAGE.to) await renewSessions(() => 60_000, renewing);
    // Every number sends once a day, at a time of its own.
    const minute = (at / MINUTE) % (24 * 60);
    const sending = numbers.filter((_, index) => (index % 144) * 10 === minute);
    await Promise.all(
      sending.map(async (sender) => {
        const { session } = await delivering.get(sender, channel, Date.now());
        sends += 1;
        if ((tokens.get(session?.token ?? '') ?? 0) <= Date.now()) expired += 1;
      }),
    );
  }
  // Even with no margin at all a number must log in once in seven days.
  const least = NUMBERS * WEEKS;
  expect(sends).toBeGreaterThan(NUMBERS * WEEKS * 7 - NUMBERS);
  expect(failures).toBeGreaterThan(0);
  expect(expired).toBe(0);
  expect(logins / least).toBeLessThanOrEqual(1.3);
});
