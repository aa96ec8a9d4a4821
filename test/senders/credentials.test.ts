import { generateKeyPairSync } from 'node:crypto';
import { existsSync, rmSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readSpec, specNames } from '../../lambdas/channels/read-yaml.ts';
import type { SenderContext } from '../../lambdas/channels/types.ts';
import { channelFiles, playedChannel } from '../../simulators/provider/channel/played-channel.ts';
import { startProviderSimulator } from '../../simulators/provider/simulator.ts';
import { startReceiver } from '../simulators/provider/support.ts';
import { call } from '../support/api.ts';
import { startAws } from '../support/aws.ts';
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

afterAll(async () => {
  rmSync(directory, { recursive: true });
  await Promise.all([aws.stop(), provider.stop(), gateway.stop()]);
});

const SENDERS = '/v2/Channels/Senders';
/** Stands for the gateway's webhooks: some providers look whether the one that they are given answers as it must. */
const gateway = await startReceiver(async (webhook) => {
  for (const { name } of files) {
    const reading = await readSpec(name).channel.receive(webhook, accountOf(name));
    if (reading.kind === 'handshake') return reading.answer;
  }
  return { status: 404, body: '' };
});
const post = (json: unknown) =>
  call(handler, { method: 'POST', path: SENDERS, json, headers: { Host: new URL(gateway.url).host } });

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

    expect(await post(wanted())).toMatchObject({ status: 409 });
    expect(await call(handler, { method: 'DELETE', path })).toMatchObject({ status: 204 });
    expect(() => aws.secrets.store.read(secretId, {})).toThrow();
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
