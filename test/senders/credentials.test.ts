import { createHash, generateKeyPairSync } from 'node:crypto';
import { existsSync, rmSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import type { Context } from 'aws-lambda';
import twilio from 'twilio';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { readSpec, specNames } from '../../lambdas/channels/read-yaml.ts';
import type { SenderContext } from '../../lambdas/channels/types.ts';
import { toEvent } from '../../local/http-api/event.ts';
import { channelFiles, playedChannel } from '../../simulators/provider/channel/played-channel.ts';
import { startProviderSimulator } from '../../simulators/provider/simulator.ts';
import { call, tokenOf } from '../support/api.ts';
import { ROOT_ACCOUNT_SID, startAws } from '../support/aws.ts';
import { bundleChannels } from '../support/channels.ts';

/*
 * Senders of channels that only need credentials: every channel, registered with the account that its cases have, at a
 * provider that knows this account and no other.
 */

const files = specNames()
  .map((name) => channelFiles(name))
  .filter(({ cases }) => existsSync(cases));
const aws = await startAws();
const directory = bundleChannels();
const provider = await startProviderSimulator({ channels: files });
process.env['PROVIDER_PROXY_URL'] = provider.url;
process.env['PROVIDER_PROXY_HOSTS'] = provider.hosts.join(' ');
const { handler } = await import('../../lambdas/senders/senders.lambda.ts');
const { handler: webhook } = await import('../../lambdas/inbound/webhook.lambda.ts');

afterAll(async () => {
  rmSync(directory, { recursive: true });
  gateway.closeAllConnections();
  gateway.close();
  await Promise.all([aws.stop(), provider.stop()]);
});

const SENDERS = '/v2/Channels/Senders';
/** Channels whose requests set no webhook: people paste it into the provider's console. A new channel may be a new name. */
const PASTED = ['instagram', 'messenger', 'rcs', 'sms', 'wechat'];

/** Channels whose providers call the webhook while they are told of it, and want the right answer. */
const CALLED = ['viber', 'whatsapp-cloud'];

/** How webhooks were answered, by channel. */
const answered: { channel: string; status: number }[] = [];
beforeEach(() => {
  answered.length = 0;
});

/** The gateway's webhooks. */
const gateway = createServer((request, response) => void answerWebhook(request, response));
await new Promise<void>((resolve) => gateway.listen(0, '127.0.0.1', resolve));
const host = `127.0.0.1:${(gateway.address() as AddressInfo).port}`;

async function answerWebhook(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const target = request.url ?? '';
  const [, , channel = '', accountSid = '', senderSid = '', secret = ''] = target.split('?')[0]?.split('/') ?? [];
  const { method = '', rawHeaders } = request;
  const event = toEvent(
    { method, target, rawHeaders, body: await buffer(request), sourceIp: '192.0.2.1', port: 80 },
    { apiId: 'api', routeKey: '$default', pathParameters: { channel, accountSid, senderSid, secret } },
  );
  const { statusCode = 0, headers, body } = await webhook(event, {} as Context);
  answered.push({ channel, status: statusCode });
  response.writeHead(statusCode, headers as Record<string, string>).end(body);
}

const post = (json: unknown) => call(handler, { method: 'POST', path: SENDERS, json, headers: { Host: host } });

/** The account of a channel's cases. What is a device's URL there is the simulator's here. */
function accountOf(name: string): SenderContext {
  const { sample } = playedChannel(channelFiles(name));
  const { url, ...fields } = sample.fields;
  const own = url?.includes('device') ? provider.url : url;
  return { ...sample, fields: { ...fields, ...(own !== undefined && { url: own }) } };
}

describe.each(files.map(({ name }) => ({ name })))('A sender on $name', ({ name }) => {
  const { channel } = readSpec(name);
  const { address, fields, secrets } = accountOf(name);
  const wanted = (changed: Record<string, string | undefined> = {}) => ({
    sender_id: channel.address.format(address),
    configuration: { ...fields, ...secrets, ...changed },
  });

  beforeAll(async () => {
    await fetch(`${provider.url}/control/senders`, {
      method: 'POST',
      body: JSON.stringify({ channel: name, address, fields, secrets }),
    });
  });

  it('is refused while a credential that it needs is missing, by its name', async () => {
    const needed = Object.entries({ ...channel.registration.fields, ...channel.registration.secrets })
      .filter(([, input]) => input.required)
      .map(([key]) => key);
    for (const key of needed) {
      const { status, body } = await post(wanted({ [key]: undefined }));
      const missing = `configuration.${key}: is missing`;
      expect({ status, body }).toMatchObject({
        status: 400,
        body: { code: 63100, message: expect.stringContaining(missing) },
      });
    }
  });

  it('is refused with an address that its channel does not have', async () => {
    const { status, body } = await post({ ...wanted(), sender_id: `${channel.address.scheme}+1 not an address!` });
    expect({ status, body }).toMatchObject({
      status: 400,
      body: { code: 63100, message: expect.stringContaining('sender_id') },
    });
  });

  it.runIf(channel.login !== undefined)('is refused with a wrong secret, which the provider finds out', async () => {
    const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
    const otherKey = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
    const wrong = Object.fromEntries(
      Object.entries(secrets).map(([key, value]) => [key, value.includes('PRIVATE KEY') ? otherKey : `${value}x`]),
    );
    expect(await post(wanted(wrong))).toMatchObject({ status: 400, body: { code: 63100 } });
  });

  it('is registered on that channel, is shown without its secrets, and is gone with them', async () => {
    const { status, body } = await post(wanted());
    expect({ status, body }).toMatchObject({
      status: 202,
      body: { status: 'ONLINE', sender_id: channel.address.format(address) },
    });
    const item = (await aws.items()).find(({ sid }) => sid === body['sid']);
    expect(item).toMatchObject({ channel: name, address });
    // While the sender was still CREATING its webhook answered already.
    expect(answered.length > 0).toBe(CALLED.includes(name));
    expect(answered.filter((answer) => answer.channel !== name || answer.status !== 200)).toEqual([]);

    const path = `${SENDERS}/${body['sid']}`;
    const list = await call(handler, { path: `${SENDERS}?Channel=${name}` });
    const fetched = await call(handler, { path });
    const updated = await call(handler, { method: 'POST', path, json: { profile: { name: 'Shop' } } });
    expect(fetched).toMatchObject({ status: 200, body: { sid: body['sid'] } });
    expect(updated).toMatchObject({ status: 202, body: { profile: { name: 'Shop' } } });
    expect(list.body['senders']).toMatchObject([{ sid: body['sid'] }]);

    const secretId = String(item?.['secretId']);
    const stored = aws.secrets.store.read(secretId, {}).version.secretString ?? '';
    expect(JSON.parse(stored)).toMatchObject({ secrets });
    const shown = JSON.stringify([body, list.body, fetched.body, updated.body, await aws.items()]);
    for (const secret of Object.values(secrets)) expect(shown).not.toContain(secret);

    const prefix = `http://${host}/webhooks/${name}/${ROOT_ACCOUNT_SID}/${body['sid']}/`;
    const { webhookSecret } = JSON.parse(stored) as { webhookSecret: string };
    const isPasted = PASTED.includes(name);
    const toPaste = { webhook_url: prefix + webhookSecret };
    expect(body['properties']).toEqual(isPasted ? expect.objectContaining(toPaste) : null);
    expect(body['offline_reasons']).toEqual(
      isPasted ? [{ code: '63008', message: expect.any(String), more_info: toPaste.webhook_url }] : null,
    );
    // Later answers show where it is, and the secret no more.
    const later = [fetched.body, updated.body, (list.body['senders'] as Record<string, unknown>[])[0]];
    for (const one of later) {
      const hidden = `/webhooks/${name}/${ROOT_ACCOUNT_SID}/${body['sid']}/{secret}`;
      const properties = expect.objectContaining({ webhook_url: expect.stringContaining(hidden) });
      expect(one).toMatchObject({ properties: isPasted ? properties : null, offline_reasons: null });
      expect(JSON.stringify(one)).not.toContain(webhookSecret);
    }
    expect(item).toMatchObject({ webhookSecretHash: createHash('sha256').update(webhookSecret).digest('hex') });

    expect(await post(wanted())).toMatchObject({ status: 409 });
    expect(await call(handler, { method: 'DELETE', path })).toMatchObject({ status: 204 });
    expect(() => aws.secrets.store.read(secretId, {})).toThrow();
  });
});

describe('A webhook that is pasted into the provider’s console', () => {
  it('reaches who registers with Twilio’s SDK, which keeps only what it knows', async () => {
    const name = 'messenger';
    const { address, fields, secrets } = accountOf(name);
    const httpClient = {
      request: async ({ uri, data }: { uri: string; data?: unknown }) => {
        const { status, body } = await call(handler, { method: 'POST', path: new URL(uri).pathname, json: data });
        return { statusCode: status, body, headers: {} };
      },
    };
    const client = twilio(ROOT_ACCOUNT_SID, tokenOf(ROOT_ACCOUNT_SID), { httpClient: httpClient as never });
    const wanted = { senderId: `messenger:${address}`, configuration: { ...fields, ...secrets } };
    const created = await client.messaging.v2.channelsSenders.create(wanted as never);
    expect(created.status).toBe('ONLINE');
    expect(created.offlineReasons).toEqual([
      {
        code: '63008',
        message: expect.stringContaining('more_info'),
        moreInfo: expect.stringMatching(
          new RegExp(`/webhooks/messenger/${ROOT_ACCOUNT_SID}/${created.sid}/[\\w-]{32}$`),
        ),
      },
    ]);
    expect(created.properties).not.toHaveProperty('webhook_url');
    await call(handler, { method: 'DELETE', path: `${SENDERS}/${created.sid}` });
  });
});

describe('Two channels with one scheme', () => {
  const groups = Object.groupBy(files, ({ name }) => readSpec(name).channel.address.scheme);
  const shared = Object.values(groups).filter((group) => group !== undefined && group.length > 1);

  it('exist: two ways to reach WhatsApp', () => {
    expect(shared.map((group) => group?.map(({ name }) => name))).toContainEqual(['whatsapp', 'whatsapp-cloud']);
  });

  it('do not both get an address', async () => {
    const device = accountOf('whatsapp');
    const cloud = accountOf('whatsapp-cloud');
    const sender_id = `whatsapp:+${device.address}`;
    const first = await post({ sender_id, configuration: { ...device.fields, ...device.secrets } });
    expect(first).toMatchObject({ status: 202 });
    const second = await post({ sender_id, configuration: { ...cloud.fields, ...cloud.secrets } });
    expect(second).toMatchObject({ status: 409, body: { message: expect.stringContaining('already registered') } });
  });

  it('are told apart by their configuration, and what is missing there is asked for', async () => {
    const { fields, secrets } = accountOf('whatsapp-cloud');
    const { token, ...others } = { ...fields, ...secrets };
    const answer = await post({ sender_id: 'whatsapp:+15550100299', configuration: others });
    expect(answer).toMatchObject({ status: 400, body: { message: expect.stringContaining('configuration.token') } });
  });
});
