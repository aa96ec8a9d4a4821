import { createHash } from 'node:crypto';
import { rmSync } from 'node:fs';
import { PutCommand } from '@aws-sdk/lib-dynamodb';
import { afterAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { call, type TestRequest, tokenOf } from '../support/api.ts';
import { ROOT_ACCOUNT_SID, startAws } from '../support/aws.ts';
import { bundleChannels } from '../support/channels.ts';
import { type Script, startProvider } from '../support/provider.ts';

const aws = await startAws();
const channels = bundleChannels();
const device = await startProvider();
const { handler } = await import('../../lambdas/senders/senders.lambda.ts');
const { dynamo } = await import('../../lambdas/platform/clients.ts');

const SENDERS = '/v2/Channels/Senders';
const PASSWORD = 'correct horse battery staple';
const OTHER_ACCOUNT_SID = `AC${'1'.repeat(32)}`;
const OTHER_CREDENTIALS = `${OTHER_ACCOUNT_SID}:${tokenOf(OTHER_ACCOUNT_SID)}`;
const LOGGED_IN: Script = {
  body: { users: [{ token: 'session-token', expires_after: '2099-01-01 00:00:00+00:00' }] },
};
const DONE: Script = { body: {} };

await dynamo.send(
  new PutCommand({
    TableName: 'switchboard',
    Item: { pk: OTHER_ACCOUNT_SID, sk: 'ACCOUNT', sid: OTHER_ACCOUNT_SID, status: 'active', generation: 1 },
  }),
);
afterAll(async () => {
  rmSync(channels, { recursive: true });
  await Promise.all([aws.stop(), device.stop()]);
});

let number = 15550001000;
beforeEach(() => {
  number += 1;
  device.requests.length = 0;
  device.script(LOGGED_IN, DONE);
});

const request = (asked: TestRequest) => call(handler, asked);
const wanted = (changed: Record<string, unknown> = {}) => ({
  sender_id: `whatsapp:+${number}`,
  configuration: { url: `${device.url}/devices/${number}/`, password: PASSWORD },
  webhook: { callback_url: 'https://app.example/in', callback_method: 'PUT' },
  profile: { name: 'Shop' },
  ...changed,
});
const create = (json: unknown, more: Partial<TestRequest> = {}) =>
  request({ method: 'POST', path: SENDERS, json, ...more });
/** Everything that is kept anywhere. */
const kept = async () => [await aws.items(), secretNames()];
const creations = vi.spyOn(aws.secrets.store, 'create');
const secretNames = () => creations.mock.calls.map(([name]) => name).filter(exists);
function exists(name: string): boolean {
  try {
    return aws.secrets.store.find(name).name === name;
  } catch {
    return false;
  }
}

describe('creating a sender', () => {
  it('logs in, tells the device of a webhook of its own, and answers 202 ONLINE', async () => {
    const { status, body } = await create(wanted());
    expect(status).toBe(202);
    expect(body).toEqual({
      sid: expect.stringMatching(/^XE[0-9a-f]{32}$/),
      status: 'ONLINE',
      sender_id: `whatsapp:+${number}`,
      configuration: { url: `${device.url}/devices/${number}/` },
      webhook: {
        callback_url: 'https://app.example/in',
        callback_method: 'PUT',
        fallback_url: null,
        fallback_method: 'POST',
        status_callback_url: null,
        status_callback_method: 'POST',
      },
      profile: { name: 'Shop' },
      compliance: null,
      properties: null,
      offline_reasons: null,
      url: `http://gateway.example${SENDERS}/${body['sid']}`,
    });

    const [login, settings] = device.requests;
    expect(login).toMatchObject({ method: 'POST', path: `/devices/${number}/v1/users/login` });
    expect(login?.headers['authorization']).toBe(`Basic ${Buffer.from(`admin:${PASSWORD}`).toString('base64')}`);
    expect(settings).toMatchObject({ method: 'PATCH', path: `/devices/${number}/v1/settings/application` });
    expect(settings?.headers['authorization']).toBe('Bearer session-token');
    const webhookUrl = String(JSON.parse(settings?.body ?? '{}').webhooks.url);
    const prefix = `http://gateway.example/webhooks/whatsapp/${ROOT_ACCOUNT_SID}/${body['sid']}/`;
    expect(webhookUrl.startsWith(prefix)).toBe(true);
    const webhookSecret = webhookUrl.slice(prefix.length);
    expect(webhookSecret).toMatch(/^[A-Za-z0-9_-]{32}$/);

    const items = await aws.items();
    expect(items.find(({ sid }) => sid === body['sid'])).toMatchObject({
      webhookSecretHash: createHash('sha256').update(webhookSecret).digest('hex'),
    });
    const secret = aws.secrets.store.read(`senders/${body['sid']}`, {}).version.secretString;
    expect(JSON.parse(secret ?? '')).toEqual({
      secrets: { password: PASSWORD },
      webhookSecret,
      session: { token: 'session-token', expiresAt: '2099-01-01T00:00:00.000Z' },
    });
    // What the table and the answer show is no secret.
    for (const shown of [JSON.stringify(items), JSON.stringify(body)]) {
      expect(shown).not.toContain(PASSWORD);
      expect(shown).not.toContain(webhookSecret);
      expect(shown).not.toContain('session-token');
    }
  });

  it('understands camelCase as the SDK’s typed classes send it', async () => {
    const { status, body } = await create({
      senderId: `whatsapp:+${number}`,
      configuration: { url: device.url, password: PASSWORD },
      webhook: { callbackUrl: 'https://app.example/in', statusCallbackUrl: 'https://app.example/status' },
    });
    expect(status).toBe(202);
    expect(body['webhook']).toMatchObject({ status_callback_url: 'https://app.example/status' });
  });

  it.each<[why: string, body: () => unknown, says: string]>([
    ['a body that is no JSON object', () => 'text', 'body'],
    ['no sender_id', () => wanted({ sender_id: undefined }), 'sender_id'],
    ['an unknown scheme', () => wanted({ sender_id: 'pigeon:coo' }), 'whatsapp:'],
    ['an address that is none', () => wanted({ sender_id: 'whatsapp:+12' }), 'sender_id'],
    ['no configuration', () => wanted({ configuration: undefined }), 'configuration.url'],
    ['a missing secret', () => wanted({ configuration: { url: device.url } }), 'configuration.password'],
    ['an empty secret', () => wanted({ configuration: { url: device.url, password: '' } }), 'configuration.password'],
    [
      'an unknown configuration',
      () => wanted({ configuration: { url: device.url, password: PASSWORD, waba_id: '1' } }),
      'configuration.waba_id',
    ],
    [
      'a configuration that is no text',
      () => wanted({ configuration: { url: device.url, password: 1 } }),
      'configuration.password',
    ],
    [
      'a device at the metadata service',
      () => wanted({ configuration: { url: 'http://169.254.169.254/', password: PASSWORD } }),
      'configuration.url',
    ],
    [
      'a device URL with a password',
      () => wanted({ configuration: { url: 'http://a:b@device.example/', password: PASSWORD } }),
      'configuration.url',
    ],
    [
      'a device URL that is none',
      () => wanted({ configuration: { url: 'device', password: PASSWORD } }),
      'configuration',
    ],
    ['a private webhook', () => wanted({ webhook: { callback_url: 'http://10.0.0.1/' } }), 'webhook.callback_url'],
    ['an unknown webhook parameter', () => wanted({ webhook: { callback: 'https://a.example' } }), 'callback'],
    ['an unsupported method', () => wanted({ webhook: { callback_method: 'DELETE' } }), 'webhook.callback_method'],
    ['an unsupported profile', () => wanted({ profile: { about: 'us' } }), 'about'],
  ])('with %s is refused with 63100, before any device is called', async (_why, body, says) => {
    const before = await kept();
    const answer = await create(body());
    expect(answer).toMatchObject({ status: 400, body: { code: 63100, message: expect.stringContaining(says) } });
    expect(await kept()).toEqual(before);
    expect(device.requests).toEqual([]);
  });

  it.each<[why: string, scripts: Script[], says: string]>([
    ['refuses the password', [{ status: 401, body: {} }], 'HTTP 401'],
    [
      'names its own error',
      [{ status: 400, body: { errors: [{ code: 1008, title: 'Parameter missing' }] } }],
      'could not log in: the channel answered HTTP 400, code 1008: Parameter missing',
    ],
    [
      'names it inside a success',
      [{ body: { errors: [{ code: 1005, title: 'Access denied' }] } }],
      'could not log in: the channel answered HTTP 200, code 1005: Access denied',
    ],
    [
      'refuses the webhook inside a success',
      [LOGGED_IN, { body: { errors: [{ code: 1009, title: 'Parameter value is not valid' }] } }],
      'could not set the webhook: the channel answered HTTP 200, code 1009: Parameter value is not valid',
    ],
    [
      'quotes what it was given',
      [{ status: 400, body: { errors: [{ code: 1009, title: `${PASSWORD}\nis wrong` }] } }],
      'code 1009: … is wrong',
    ],
    ['answers no session', [{ body: { users: [] } }], 'no session'],
    ['hangs up', ['hang up'], 'could not log in'],
    ['refuses the webhook', [LOGGED_IN, { status: 500, body: {} }], 'could not set the webhook'],
    ['hangs up when it is told of the webhook', [LOGGED_IN, 'hang up'], 'could not set the webhook'],
  ])('of a device that %s fails with 63100 and leaves nothing behind', async (_why, scripts, says) => {
    const before = await kept();
    device.script(...scripts);
    const answer = await create(wanted());
    expect(answer).toMatchObject({ status: 400, body: { code: 63100, message: expect.stringContaining(says) } });
    expect(JSON.stringify(answer.body)).not.toContain(PASSWORD);
    expect(await kept()).toEqual(before);
  });

  it.each([
    ['the same account', undefined],
    ['another account', OTHER_CREDENTIALS],
  ])(
    'with an address that is registered is refused to %s with 409, and the device is left alone',
    async (_who, other) => {
      await create(wanted());
      const before = await kept();
      device.requests.length = 0;
      const answer = await create(wanted(), other === undefined ? {} : { credentials: other });
      expect(answer).toMatchObject({ status: 409, body: { code: 63100 } });
      expect(await kept()).toEqual(before);
      expect(device.requests).toEqual([]);
    },
  );

  it('takes over a registration of the same account that was cut off long ago', async () => {
    const { body } = await create(wanted());
    const item = (await aws.items()).find(({ sid }) => sid === body['sid']);
    const abandoned = { ...item, status: 'CREATING', dateCreated: '2020-01-01T00:00:00.000Z' };
    await dynamo.send(new PutCommand({ TableName: 'switchboard', Item: abandoned }));
    device.script(LOGGED_IN, DONE);
    const again = await create(wanted());
    expect(again).toMatchObject({ status: 202, body: { status: 'ONLINE' } });
    expect(secretNames()).toContain(`senders/${again.body['sid']}`);
    expect(secretNames()).not.toContain(`senders/${body['sid']}`);
  });

  it('with an oversized body is refused with 413', async () => {
    const { status } = await create({ padding: 'x'.repeat(70_000) });
    expect(status).toBe(413);
  });

  it('with broken JSON is refused with 63100', async () => {
    const { status, body } = await request({ method: 'POST', path: SENDERS, bytes: Buffer.from('{"sender_id":') });
    expect({ status, code: body['code'] }).toEqual({ status: 400, code: 63100 });
  });

  it('without credentials is refused with 401', async () => {
    const before = await kept();
    const { status, body } = await create(wanted(), { credentials: undefined });
    expect({ status, code: body['code'] }).toEqual({ status: 401, code: 20003 });
    expect(await kept()).toEqual(before);
  });
});

describe('creating a sender on a channel whose errors are successes', () => {
  const bot = () => ({
    sender_id: `viber:bot-${number}`,
    configuration: { url: device.url, name: 'Shop', token: 'token-of-the-bot' },
  });

  it.each([
    [{ status: 1, status_message: 'invalidUrl' }, 'code 1: invalidUrl'],
    [{ status: 2, status_message: 'invalidAuthToken' }, 'code 2: invalidAuthToken'],
    [{ status: 2, status_message: 'no token-of-the-bot here' }, 'code 2: no … here'],
  ])('fails with the provider’s words for %j, and leaves nothing behind', async (body, says) => {
    const before = await kept();
    device.script({ body });
    const message = `could not set the webhook: the channel answered HTTP 200, ${says}`;
    expect(await create(bot())).toMatchObject({
      status: 400,
      body: { code: 63100, message: expect.stringContaining(message) },
    });
    expect(await kept()).toEqual(before);
  });

  it('succeeds when they say so', async () => {
    device.script({ body: { status: 0, status_message: 'ok', event_types: [] } });
    expect(await create(bot())).toMatchObject({ status: 202, body: { status: 'ONLINE' } });
  });
});

describe('an existing sender', () => {
  it('is fetched as it was created', async () => {
    const created = await create(wanted());
    const { status, body } = await request({ path: `${SENDERS}/${created.body['sid']}` });
    expect({ status, body }).toEqual({ status: 200, body: created.body });
  });

  it('changes what an update names, loses what it nulls, and keeps the rest', async () => {
    const { body } = await create(wanted());
    const updated = await request({
      method: 'POST',
      path: `${SENDERS}/${body['sid']}`,
      json: { webhook: { callback_url: null, fallback_url: 'https://app.example/fallback' }, profile: { name: 'New' } },
    });
    expect(updated.status).toBe(202);
    expect(updated.body).toMatchObject({
      webhook: { callback_url: null, callback_method: 'PUT', fallback_url: 'https://app.example/fallback' },
      profile: { name: 'New' },
    });
    expect((await request({ path: `${SENDERS}/${body['sid']}` })).body).toEqual(updated.body);
  });

  it.each([
    ['another configuration', { configuration: { url: 'https://elsewhere.example' } }],
    ['another address', { sender_id: 'whatsapp:+15559998888' }],
    ['a private webhook', { webhook: { callback_url: 'http://192.168.0.1/' } }],
  ])('refuses %s', async (_why, json) => {
    const { body } = await create(wanted());
    const before = await kept();
    const answer = await request({ method: 'POST', path: `${SENDERS}/${body['sid']}`, json });
    expect(answer).toMatchObject({ status: 400, body: { code: 63100 } });
    expect(await kept()).toEqual(before);
  });

  it('is gone after its deletion, with its secret, and its address is free', async () => {
    const before = await kept();
    const { body } = await create(wanted());
    const path = `${SENDERS}/${body['sid']}`;
    const removed = await request({ method: 'DELETE', path });
    expect({ status: removed.status, body: removed.body }).toEqual({ status: 204, body: {} });
    expect(await kept()).toEqual(before);
    expect(await request({ path })).toMatchObject({ status: 404, body: { code: 20404 } });
    expect(await request({ method: 'DELETE', path })).toMatchObject({ status: 404, body: { code: 20404 } });
    device.script(LOGGED_IN, DONE);
    expect((await create(wanted())).status).toBe(202);
  });

  it.each(['GET', 'POST', 'DELETE'])('does not exist for another account (%s)', async (method) => {
    const { body } = await create(wanted());
    const before = await kept();
    const path = `${SENDERS}/${body['sid']}`;
    const answer = await request({ method, path, credentials: OTHER_CREDENTIALS, json: {} });
    expect(answer).toMatchObject({ status: 404, body: { code: 20404 } });
    expect(await kept()).toEqual(before);
  });
});

describe('a rate of its own', () => {
  const configuration = (more: Record<string, unknown>) => ({ ...wanted().configuration, ...more });
  const shown = ({ body }: { body: Record<string, unknown> }) => body['configuration'];
  const channels = { url: expect.any(String) };

  it('is set when a sender is made, changed, and taken away again', async () => {
    const created = await create(wanted({ configuration: configuration({ messages_per_second: 40, burst: '100' }) }));
    expect([created.status, shown(created)]).toEqual([202, { ...channels, messages_per_second: '40', burst: '100' }]);
    const path = `${SENDERS}/${created.body['sid']}`;
    const update = (json: unknown) => request({ method: 'POST', path, json });

    expect(shown(await update({ webhook: { callback_url: 'https://app.example/other' } }))).toEqual(shown(created));
    const faster = { ...channels, messages_per_second: '80', burst: '80' };
    expect(shown(await update({ configuration: { messagesPerSecond: 80 } }))).toEqual(faster);
    expect(shown(await request({ path }))).toEqual(faster);
    expect(shown(await update({ configuration: { messages_per_second: null } }))).toEqual(channels);
  });

  it.each([
    ['created', () => create(wanted({ configuration: configuration({ messages_per_second: 0 }) }))],
    [
      'updated',
      async () => {
        const { body } = await create(wanted());
        return request({
          method: 'POST',
          path: `${SENDERS}/${body['sid']}`,
          json: { configuration: { messages_per_second: -1 } },
        });
      },
    ],
  ])('that is none is refused when a sender is %s', async (_label, ask) => {
    const { status, body } = await ask();
    expect([status, body['code']]).toEqual([400, 63100]);
    expect(body['message']).toContain('configuration.messages_per_second: must be a number above 0');
  });
});

describe('listing senders', () => {
  it('pages by following next_page_url', async () => {
    const sids: unknown[] = [];
    for (const _ of [1, 2, 3]) {
      number += 1;
      device.script(LOGGED_IN, DONE);
      sids.push((await create(wanted(), { credentials: OTHER_CREDENTIALS })).body['sid']);
    }
    const pages: Record<string, unknown>[] = [];
    let path: string | null = `${SENDERS}?Channel=whatsapp&PageSize=2`;
    while (path !== null) {
      const { status, body } = await request({ path, credentials: OTHER_CREDENTIALS });
      expect(status).toBe(200);
      pages.push(body);
      const next = (body['meta'] as Record<string, string | null>)['next_page_url'] ?? null;
      path = next === null ? null : new URL(next).pathname + new URL(next).search;
    }
    expect(pages.flatMap(({ senders }) => (senders as { sid: string }[]).map(({ sid }) => sid))).toEqual(sids);
    expect(pages.map(({ meta }) => meta)).toEqual([
      {
        page: 0,
        page_size: 2,
        first_page_url: `http://gateway.example${SENDERS}?Channel=whatsapp&PageSize=2&Page=0`,
        previous_page_url: null,
        url: `http://gateway.example${SENDERS}?Channel=whatsapp&PageSize=2&Page=0`,
        next_page_url: `http://gateway.example${SENDERS}?Channel=whatsapp&PageSize=2&Page=1&PageToken=PA${sids[1]}`,
        key: 'senders',
      },
      {
        page: 1,
        page_size: 2,
        first_page_url: `http://gateway.example${SENDERS}?Channel=whatsapp&PageSize=2&Page=0`,
        previous_page_url: `http://gateway.example${SENDERS}?Channel=whatsapp&PageSize=2&Page=0`,
        url: `http://gateway.example${SENDERS}?Channel=whatsapp&PageSize=2&Page=1&PageToken=PA${sids[1]}`,
        next_page_url: null,
        key: 'senders',
      },
    ]);
  });

  it.each([
    ['no Channel', '', 20422],
    ['a page that is too large', '?Channel=whatsapp&PageSize=5000', 20007],
    ['a page token of somebody else', '?Channel=whatsapp&PageToken=PA1', 20422],
  ])('with %s is refused', async (_why, query, code) => {
    expect(await request({ path: `${SENDERS}${query}` })).toMatchObject({ status: 400, body: { code } });
  });

  it('shows none of an unknown channel', async () => {
    expect((await request({ path: `${SENDERS}?Channel=pigeon` })).body['senders']).toEqual([]);
  });
});
