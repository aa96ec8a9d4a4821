import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { readSpec } from '../../lambdas/channels/read-yaml.ts';
import { ChannelAnswerError, type Session } from '../../lambdas/channels/types.ts';
import type { Sender, SenderSecret } from '../../lambdas/domain/sender.ts';
import { renewSessions } from '../../lambdas/maintenance/renew-sessions.ts';
import { SessionKeeper } from '../../lambdas/maintenance/session-keeper.ts';
import { CredentialSource } from '../../lambdas/outbound/credentials.ts';
import { send } from '../../lambdas/platform/http.ts';
import { MemorySessions } from './memory-sessions.ts';

/*
 * Tokens that a customer gave and that are exchanged for newer ones: of an app, at once; of an account with Instagram Login,
 * when they are old enough.
 */

const DAY = 86_400_000;
const START = Date.parse('2026-03-02T00:00:00.000Z');

/** A provider that exchanges every token that it knows and that has not expired. */
const provider = {
  now: START,
  status: 200,
  lifeMs: 60 * DAY,
  exchanged: [] as string[],
  ends: new Map<string, number>(),
};
const server = createServer((request, response) => {
  const { searchParams } = new URL(request.url ?? '/', 'http://provider');
  const old = searchParams.get('fb_exchange_token') ?? searchParams.get('access_token') ?? '';
  provider.exchanged.push(old);
  const isGood = (provider.ends.get(old) ?? 0) > provider.now;
  if (provider.status !== 200 || !isGood) {
    response.writeHead(isGood ? provider.status : 400).end('{"error":{"code":190}}');
    return;
  }
  const access_token = `token-${provider.exchanged.length}`;
  provider.ends.set(access_token, provider.now + provider.lifeMs);
  response.end(JSON.stringify({ access_token, token_type: 'bearer', expires_in: provider.lifeMs / 1_000 }));
});
await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;

afterAll(() => {
  server.closeAllConnections();
  server.close();
});

/** A sender of a channel, with what several functions share of it. */
function gateway(name: string, address: string, fields: Record<string, string>) {
  const { channel } = readSpec(name);
  const sender = {
    sid: 'XE1',
    accountSid: 'AC1',
    address,
    fields: { url, ...fields },
    secretId: 's',
  } as unknown as Sender;
  const sessions = new MemorySessions();
  const stored: { secret: SenderSecret } = {
    secret: { secrets: { token: 'first', appSecret: 'app-secret', verifyToken: 'v' }, webhookSecret: 'hook' },
  };
  const secrets = {
    get: async () => stored.secret,
    put: async (_id: string, secret: SenderSecret) => {
      stored.secret = secret;
    },
  };
  const keeper = new SessionKeeper({ secrets, sessions, send, allowLoopback: true });
  const senders = { get: async () => sender };
  const renewing = { secrets, sessions, senders, keeper, channel: () => channel, now: () => provider.now };
  const credentials = new CredentialSource({ secrets, sessions, allowLoopback: true });
  return {
    stored,
    sessions,
    get: async (rejected?: Session) => (await credentials.get(sender, channel, provider.now, rejected)).session,
    renew: () => renewSessions(() => 60_000, renewing),
    entries: () => sessions.due(Number.MAX_SAFE_INTEGER, 10),
  };
}

const cloud = (fields: Record<string, string> = { appId: '1' }) => gateway('whatsapp-cloud', '15550100200', fields);
const account = () => gateway('instagram', '1784', { pageId: '1784' });

beforeEach(() => {
  const ends = new Map([['first', START + 30 * DAY]]);
  Object.assign(provider, { now: START, status: 200, lifeMs: 60 * DAY, exchanged: [], ends });
});

describe('a token that can be exchanged', () => {
  it('is exchanged at its first use, once, and what it was exchanged for is kept', async () => {
    const { get, stored, entries } = cloud();
    const got = await Promise.all([get(), get(), get()]);
    expect(got.map((session) => session?.token)).toEqual(['token-1', 'token-1', 'token-1']);
    expect(await get()).toEqual({ token: 'token-1', expiresAt: new Date(START + 60 * DAY).toISOString() });
    expect(provider.exchanged).toEqual(['first']);
    expect(stored.secret).toMatchObject({ secrets: { token: 'first' }, session: { token: 'token-1' } });
    const [entry] = await entries();
    expect((Number(entry?.dueAt) - START) / DAY).toBeGreaterThan(51);
    expect((Number(entry?.dueAt) - START) / DAY).toBeLessThanOrEqual(53);
  });

  it('is renewed ahead of time with itself, for as long as anybody looks', async () => {
    const { get, renew } = cloud();
    await get();
    for (let day = 0; day < 365; day += 1) {
      provider.now += DAY;
      await renew();
      expect(provider.ends.get((await get())?.token ?? '')).toBeGreaterThan(provider.now + 5 * DAY);
    }
    expect(provider.exchanged.slice(0, 3)).toEqual(['first', 'token-1', 'token-2']);
    expect(provider.exchanged.length).toBeLessThanOrEqual(9);
  });

  it('stays in use while no exchange succeeds, and is reported in time for a person to act', async () => {
    const { get, renew } = cloud();
    const first = await get();
    provider.status = 503;
    provider.now = START + 53 * DAY + 1;
    expect(await renew()).toEqual({ renewed: 0, failed: 1, atRisk: [] });
    expect(await get()).toEqual(first);
    provider.now = START + 57 * DAY;
    expect(await renew()).toEqual({ renewed: 0, failed: 1, atRisk: ['XE1'] });
    expect(await get()).toEqual(first);
    provider.status = 200;
    provider.now += DAY;
    expect(await renew()).toEqual({ renewed: 1, failed: 0, atRisk: [] });
    expect((await get())?.token).toBe(`token-${provider.exchanged.length}`);
  });

  it('that is exchanged for no more time is as one that could not be exchanged', async () => {
    const { get, renew, stored } = cloud();
    await get();
    provider.now = START + 57 * DAY;
    provider.lifeMs = 3 * DAY;
    expect(await renew()).toEqual({ renewed: 0, failed: 1, atRisk: ['XE1'] });
    expect(stored.secret.session?.token).toBe('token-1');
  });

  it('is asked for a few times a day when it is dead, not every minute', async () => {
    const { get, renew } = cloud();
    await get();
    provider.ends.clear();
    provider.now = START + 53 * DAY;
    for (let minute = 0; minute < 24 * 60; minute += 1) {
      provider.now += 60_000;
      await renew();
    }
    expect(provider.exchanged.length).toBeLessThan(50);
  });
});

describe('a token that is refused before its time', () => {
  it('is replaced where the first one is still good', async () => {
    const { get } = cloud();
    const refused = await get();
    expect((await get(refused))?.token).toBe('token-2');
    expect(provider.exchanged).toEqual(['first', 'first']);
  });

  it('is given up where that is dead too, in a sentence that says what to do, and asked for once', async () => {
    const { get } = cloud();
    const refused = await get();
    provider.ends.clear();
    await expect(get(refused)).rejects.toThrow(/get a new token .* register it again/);
    for (const _ of [1, 2, 3]) await expect(get(refused)).rejects.toThrow(ChannelAnswerError);
    expect(provider.exchanged).toEqual(['first', 'first']);
  });
});

describe('a token that cannot be exchanged', () => {
  it('is used as it is, and nobody is asked', async () => {
    const { get, entries } = cloud({});
    expect(await get()).toBeUndefined();
    expect([provider.exchanged, await entries()]).toEqual([[], []]);
  });

  it('has no renewals, even if it had some before', async () => {
    const { sessions, renew, entries } = cloud({});
    const expiresAt = new Date(START + DAY).toISOString();
    await sessions.schedule({ accountSid: 'AC1', senderSid: 'XE1', dueAt: START - 1, expiresAt });
    await renew();
    expect([provider.exchanged, await entries()]).toEqual([[], []]);
  });
});

describe('a token that must be a day old to be exchanged', () => {
  it('is used as it is at first, and refreshed within two weeks and never on its first day', async () => {
    const { get, renew, entries } = account();
    expect((await get())?.token).toBe('first');
    expect(provider.exchanged).toEqual([]);
    for (let renewals = 1; renewals < 6; renewals += 1) {
      const [entry] = await entries();
      const waits = Number(entry?.dueAt) - provider.now;
      expect(waits).toBeGreaterThan(DAY);
      expect(waits).toBeLessThan(14 * DAY);
      provider.now += waits + 1;
      expect(await renew()).toEqual({ renewed: 1, failed: 0, atRisk: [] });
      expect((await get())?.token).toBe(`token-${renewals}`);
    }
  });

  it('is exchanged when it is refused, and given up when that is refused too', async () => {
    const { get } = account();
    const refused = await get();
    provider.ends.clear();
    await expect(get(refused)).rejects.toThrow(/get a new token/);
    await expect(get(refused)).rejects.toThrow(ChannelAnswerError);
    expect(provider.exchanged).toEqual(['first']);
  });
});
