import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { readSpec } from '../../lambdas/channels/read-yaml.ts';
import type { Sender } from '../../lambdas/domain/sender.ts';
import { newSid } from '../../lambdas/domain/sid.ts';
import { startAws } from '../support/aws.ts';

const aws = await startAws();
const { SenderSecrets } = await import('../../lambdas/platform/sender-secrets.ts');
const { SenderStore } = await import('../../lambdas/platform/stores/senders.ts');
const { SessionStore } = await import('../../lambdas/platform/stores/sessions.ts');
const { SessionKeeper } = await import('../../lambdas/maintenance/session-keeper.ts');
const { renewSessions } = await import('../../lambdas/maintenance/renew-sessions.ts');
const { CredentialSource } = await import('../../lambdas/outbound/credentials.ts');
const { send } = await import('../../lambdas/platform/http.ts');

const table = process.env['TABLE_NAME'] ?? '';
const { channel } = readSpec('whatsapp');
const DAY = 86_400_000;

/** A device of seven-day tokens that counts its logins, by the clock of the test. */
const device = { now: Date.now(), logins: 0, status: 200, lifeMs: 7 * DAY };
const server = createServer((_request, response) => {
  device.logins += 1;
  const expiresAt = new Date(device.now + device.lifeMs).toISOString().replace('T', ' ').replace('Z', '+00:00');
  const users = [{ token: `token-${device.logins}`, expires_after: expiresAt }];
  response.writeHead(device.status).end(JSON.stringify({ users }));
});
await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;

afterAll(async () => {
  server.closeAllConnections();
  server.close();
  await aws.stop();
});

/** What one function environment has: nothing remembered of others. */
function environment() {
  const secrets = new SenderSecrets('senders/');
  const sessions = new SessionStore(table);
  const keeper = new SessionKeeper({ secrets, sessions, send, allowLoopback: true });
  const credentials = new CredentialSource({ secrets, sessions, allowLoopback: true });
  const senders = new SenderStore(table);
  const dependencies = { secrets, sessions, keeper, senders, channel: () => channel, now: () => device.now };
  return { secrets, sessions, keeper, credentials, senders, renew: () => renewSessions(() => 60_000, dependencies) };
}

async function newSender(): Promise<Sender> {
  const sid = newSid('XE', Date.now());
  const at = new Date().toISOString();
  const sender: Sender = {
    sid,
    accountSid: `AC${'1'.repeat(32)}`,
    channel: 'whatsapp',
    address: `1555${sid.slice(-7).replace(/\D/g, '0')}${Math.floor(Math.random() * 1_000)}`,
    status: 'ONLINE',
    fields: { url },
    secretId: `senders/${sid}`,
    webhookSecretHash: '',
    webhook: { callbackMethod: 'POST', fallbackMethod: 'POST' },
    dateCreated: at,
    dateUpdated: at,
  };
  const { senders, secrets } = environment();
  await senders.create(sender);
  await secrets.create(sender.secretId, { secrets: { password: 'Secret-123' }, webhookSecret: 'hook' });
  return sender;
}

const entries = async (sid?: string) =>
  (await aws.items()).filter(({ pk, senderSid }) => pk === 'RENEWALS' && (sid === undefined || senderSid === sid));

async function registered() {
  const sender = await newSender();
  const { credentials } = environment();
  const { session } = await credentials.get(sender, channel, device.now);
  if (!session) throw new Error('A device gives a session.');
  return { sender, session };
}

beforeEach(async () => {
  const { sessions } = environment();
  for (const { senderSid } of await entries()) await sessions.remove(String(senderSid));
  Object.assign(device, { now: Date.now(), logins: 0, status: 200, lifeMs: 7 * DAY });
});

describe('a session', () => {
  it('is stored before it is used, and its renewal is in the list', async () => {
    const { sender, session } = await registered();
    const stored = JSON.parse(aws.secrets.store.read(sender.secretId, {}).version.secretString ?? '');
    expect(stored.session).toEqual(session);
    const [entry] = await entries(sender.sid);
    expect(Number(entry?.['dueAt']) - device.now).toBeGreaterThan(5.7 * DAY);
    expect(Number(entry?.['dueAt']) - device.now).toBeLessThanOrEqual(6 * DAY);
  });

  it('that is not due is left alone', async () => {
    await registered();
    device.now += 5 * DAY;
    expect(await environment().renew()).toEqual({ renewed: 0, failed: 0, atRisk: [] });
    expect(device.logins).toBe(1);
  });

  it('that is due is renewed once; the old one stays usable for who remembers it', async () => {
    const { sender, session } = await registered();
    const delivering = environment();
    await delivering.credentials.get(sender, channel, device.now);
    device.now += 6 * DAY;
    const reports = await Promise.all([environment().renew(), environment().renew(), environment().renew()]);
    expect(reports.map(({ renewed }) => renewed).sort()).toEqual([0, 0, 1]);
    expect(device.logins).toBe(2);
    expect(await entries(sender.sid)).toHaveLength(1);
    expect(Date.parse(session.expiresAt)).toBeGreaterThan(device.now);
    const { session: used } = await environment().credentials.get(sender, channel, device.now);
    expect(used?.token).toBe('token-2');
  });

  it('that dies early is replaced once, however many functions see it at the same time', async () => {
    const { sender, session } = await registered();
    const functions = Array.from({ length: 8 }, environment);
    const got = await Promise.all(
      functions.map(({ credentials }) => credentials.get(sender, channel, device.now, session)),
    );
    expect(new Set(got.map(({ session: renewed }) => renewed?.token))).toEqual(new Set(['token-2']));
    expect(device.logins).toBe(2);
    expect(await entries(sender.sid)).toHaveLength(1);
  });

  it('of minutes is kept in memory only', async () => {
    device.lifeMs = 15 * 60_000;
    const { sender } = await registered();
    const stored = JSON.parse(aws.secrets.store.read(sender.secretId, {}).version.secretString ?? '');
    expect(stored.session).toBeUndefined();
    expect(await entries(sender.sid)).toEqual([]);
  });
});

describe('a renewal', () => {
  it('that fails keeps the old session, is tried again soon, and is reported while there is time to act', async () => {
    const { sender, session } = await registered();
    device.now += 6 * DAY;
    device.status = 503;
    expect(await environment().renew()).toEqual({ renewed: 0, failed: 1, atRisk: [] });
    expect((await environment().credentials.get(sender, channel, device.now)).session).toEqual(session);
    device.now += DAY / 2 + 60_000;
    expect((await environment().renew()).atRisk).toEqual([sender.sid]);
    device.status = 200;
    device.now += 15 * 60_000;
    expect(await environment().renew()).toMatchObject({ renewed: 1, failed: 0 });
    expect(await entries(sender.sid)).toHaveLength(1);
  });

  it('of a sender that is gone is forgotten', async () => {
    const { sender } = await registered();
    await environment().senders.remove(sender);
    device.now += 6 * DAY;
    await environment().renew();
    expect(await entries(sender.sid)).toEqual([]);
    expect(device.logins).toBe(1);
  });

  it('cut off before the list was put right leaves an entry too many, which does nothing', async () => {
    const { sender, session } = await registered();
    const { sessions, keeper } = environment();
    const [old] = await entries(sender.sid);
    await keeper.schedule(
      sender,
      channel,
      { ...session, expiresAt: new Date(device.now + 20 * DAY).toISOString() },
      device.now,
    );
    // As if the old entry had never been removed.
    const { dynamo } = await import('../../lambdas/platform/clients.ts');
    const { PutCommand } = await import('@aws-sdk/lib-dynamodb');
    await dynamo.send(new PutCommand({ TableName: table, Item: old }));
    device.now += 6 * DAY;
    expect(await sessions.due(device.now, 10)).toHaveLength(1);
    expect(await environment().renew()).toEqual({ renewed: 0, failed: 0, atRisk: [] });
    expect(await entries(sender.sid)).toHaveLength(1);
    expect(device.logins).toBe(1);
  });

  it('takes those that end first before the others', async () => {
    const first = await registered();
    device.lifeMs = 6.5 * DAY;
    const second = await registered();
    device.lifeMs = 7 * DAY;
    device.now += 6.2 * DAY;
    const order: string[] = [];
    const { sessions, ...rest } = environment();
    const watched = {
      due: sessions.due.bind(sessions),
      release: sessions.release.bind(sessions),
      schedule: sessions.schedule.bind(sessions),
      dropStale: sessions.dropStale.bind(sessions),
      remove: sessions.remove.bind(sessions),
      lease: (...given: Parameters<typeof sessions.lease>) => {
        order.push(given[0]);
        return sessions.lease(...given);
      },
    };
    await renewSessions(() => 60_000, { ...rest, sessions: watched, channel: () => channel, now: () => device.now });
    expect(order).toEqual([second.sender.sid, first.sender.sid]);
  });
});
