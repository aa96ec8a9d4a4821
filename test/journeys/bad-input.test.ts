import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { gateway } from './support/gateway.ts';
import { isLocal, local } from './support/local.ts';
import { createSender, type TestSender } from './support/senders.ts';
import { newNumber } from './support/simulator.ts';

const basic = (user: string, password: string) => `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`;

describe('Bad input', () => {
  let sender: TestSender;
  let before: unknown;
  const to = `whatsapp:+${newNumber()}`;

  beforeAll(async () => {
    sender = await createSender();
    if (isLocal) before = { items: (await local.items()).length, depths: await local.depths() };
  });

  // None of what follows may leave anything behind, but the webhook that is kept on purpose (see the last test).
  afterAll(async () => {
    if (!isLocal) return;
    expect((await local.items()).length).toBe((before as { items: number }).items);
  });

  const post = async (
    form: Record<string, string> | string,
    { account = gateway.accountSid, headers = {} }: { account?: string; headers?: Record<string, string> } = {},
  ) => {
    const response = await fetch(`${gateway.url}/2010-04-01/Accounts/${account}/Messages.json`, {
      method: 'POST',
      headers: { authorization: basic(gateway.accountSid, gateway.authToken), ...headers },
      body: typeof form === 'string' ? form : new URLSearchParams(form),
    });
    return { status: response.status, body: (await response.json()) as Record<string, unknown> };
  };
  const good = () => ({ From: sender.address, To: to, Body: 'Hi' });

  it.each([
    ['no credentials', { authorization: '' }],
    ['a wrong token', { authorization: basic(gateway.accountSid, 'f'.repeat(32)) }],
    ['an unknown account', { authorization: basic(`AC${'0'.repeat(32)}`, gateway.authToken) }],
    ['no Basic header', { authorization: 'Bearer abc' }],
  ])('is refused with 401 and 20003: %s', async (_, headers) => {
    const { status, body } = await post(good(), { headers });
    expect(status).toBe(401);
    expect(body).toMatchObject({ code: 20003, status: 401, more_info: expect.stringContaining('20003') });
  });

  it('is not found: another account’s SID', async () => {
    const { status, body } = await post(good(), { account: `AC${'1'.repeat(32)}` });
    expect([status, body['code']]).toEqual([404, 20404]);
  });

  it.each([
    ['To missing', { To: undefined }, 21604],
    ['To malformed', { To: 'whatsapp:+0' }, 21211],
    ['From missing', { From: undefined }, 21603],
    ['From malformed', { From: 'whatsapp:nobody' }, 21212],
    ['From on another channel', { From: '+15550001111' }, 21910],
    ['nothing to send', { Body: undefined }, 21602],
    ['a body that is too long', { Body: 'x'.repeat(1_601) }, 21617],
    ['an unknown sender', { From: `whatsapp:+${newNumber()}` }, 63007],
    ['a media URL that is none', { MediaUrl: 'nonsense' }, 21620],
    ['a media URL in a private network', { MediaUrl: 'http://10.0.0.8/a.jpg' }, 21620],
    ['a callback URL that is not HTTP', { StatusCallback: 'ftp://example.com/' }, 21609],
    ['a callback URL at the metadata service', { StatusCallback: 'http://169.254.169.254/latest' }, 21609],
    ['a callback URL in disguise', { StatusCallback: 'http://0x0a000001/' }, 21609],
  ])('is refused with 400 and Twilio’s code: %s', async (_, changes, code) => {
    const form = Object.fromEntries(
      Object.entries({ ...good(), ...changes }).filter((entry): entry is [string, string] => entry[1] !== undefined),
    );
    const { status, body } = await post(form);
    expect([status, body['code']]).toEqual([400, code]);
    expect(body).toMatchObject({ message: expect.any(String), status: 400 });
  });

  it('is refused: a JSON body, whose fields look absent', async () => {
    const headers = { 'content-type': 'application/json' };
    const { status, body } = await post(JSON.stringify(good()), { headers });
    expect([status, body['code']]).toEqual([400, 21604]);
  });

  it('is refused with 413: a body of 100 kB', async () => {
    expect((await post({ ...good(), Body: 'x'.repeat(100_000) })).status).toBe(413);
  });

  describe('from a channel', () => {
    const webhook = (path: string, body: string) =>
      fetch(`${gateway.url}/webhooks/whatsapp/${path}`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body,
      });
    const message = JSON.stringify({
      messages: [{ from: '15551230000', id: 'x', timestamp: '1700000000', type: 'text', text: { body: 'forged' } }],
    });

    it('is not found: a webhook of a sender that does not exist', async () => {
      const answer = await webhook(`${gateway.accountSid}/XE${'0'.repeat(32)}/secret`, message);
      expect(answer.status).toBe(404);
    });

    it('is forbidden: a wrong secret', async () => {
      const answer = await webhook(`${gateway.accountSid}/${sender.sid}/wrong`, message);
      expect(answer.status).toBe(403);
    });
  });
});
