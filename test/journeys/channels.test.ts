import { existsSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readSpec, specNames } from '../../lambdas/channels/read-yaml.ts';
import { channelFiles, playedChannel } from '../../simulators/provider/channel/played-channel.ts';
import { CallbackReceiver, isSigned } from './support/callbacks.ts';
import { createClient } from './support/client.ts';
import { isLocal } from './support/local.ts';
import { ProviderAccount } from './support/providers.ts';

/** What becomes of a read message on each channel: as far as it tells. A new channel is a new line. */
const STATUSES: Record<string, string[]> = {
  instagram: ['sent', 'read'],
  line: ['sent'],
  messenger: ['sent', 'delivered', 'read'],
  rcs: ['sent', 'delivered', 'read'],
  sms: ['sent', 'delivered'],
  viber: ['sent', 'delivered', 'read'],
  wechat: ['sent'],
  whatsapp: ['sent', 'delivered', 'read'],
  'whatsapp-cloud': ['sent', 'delivered', 'read'],
};

const channels = specNames()
  .map((name) => channelFiles(name))
  .filter(({ cases }) => existsSync(cases));

describe.runIf(isLocal).each(channels)('A conversation on $name', (files) => {
  const { channel } = readSpec(files.name);
  const client = createClient();
  let customer: CallbackReceiver;
  let account: ProviderAccount;

  beforeAll(async () => {
    customer = await CallbackReceiver.start();
    account = await ProviderAccount.register(playedChannel(files), { callback_url: customer.url('/inbound') });
  });

  afterAll(async () => {
    await customer.stop();
  });

  it('goes there and back, and every step is called back and signed', async () => {
    await account.contactWrites({ text: 'Hello? 👋' });
    const inbound = await customer.waitFor(({ path }) => path === '/inbound');
    expect(inbound.parameters).toMatchObject({ From: account.contact, To: account.sender, Body: 'Hello? 👋' });
    expect(isSigned(inbound)).toBe(true);

    // The two lines that change from channel to channel.
    const { sender: from, contact: to } = account;
    const message = await client.messages.create({
      from,
      to,
      body: 'It is ready. 🎉',
      statusCallback: customer.url('/status'),
    });
    expect(message).toMatchObject({ status: 'queued', from, to });

    expect(await account.contactSees(1)).toMatchObject([{ type: 'text', text: 'It is ready. 🎉' }]);
    const wanted = STATUSES[files.name] ?? [];
    const callbacks = await customer.waitForAll(
      (received) => received.some(({ parameters }) => parameters['MessageStatus'] === wanted.at(-1)),
      ({ path }) => path === '/status',
    );
    expect(callbacks.map(({ parameters }) => parameters['MessageStatus'])).toEqual(wanted);
    expect(callbacks.every(({ parameters }) => parameters['MessageSid'] === message.sid)).toBe(true);
    expect(callbacks.filter((callback) => !isSigned(callback))).toEqual([]);
    expect(await client.messages(message.sid).fetch()).toMatchObject({ status: wanted.at(-1), errorCode: null });
  });

  it('carries on when the provider ends its sessions', async ({ skip }) => {
    skip(channel.login === undefined, 'The channel has no sessions.');
    const before = await account.contactSees(0);
    await account.endSessions();
    await client.messages.create({ from: account.sender, to: account.contact, body: 'Still here.' });
    expect((await account.contactSees(before.length + 1)).at(-1)).toMatchObject({ text: 'Still here.' });
  });

  it('brings a picture of the contact’s', async ({ skip }) => {
    const isSent = await account.contactMaySend('image');
    skip(!isSent, 'The cases show no contact who sends a picture alone.');
    const inbound = await customer.waitFor(({ parameters }) => parameters['NumMedia'] === '1');
    expect(inbound.parameters).toMatchObject({ From: account.contact, To: account.sender });
    const picture = await fetch(inbound.parameters['MediaUrl0'] ?? '', { headers: account.credentials });
    expect(picture.status).toBe(200);
    expect(picture.headers.get('content-type')).toMatch(/^image\//);
  });

  it('shows the sender without its secrets', async () => {
    const shown = await account.fetchSender();
    expect(shown).toMatchObject({ sender_id: channel.address.format(account.address), status: 'ONLINE' });
    for (const secret of account.secrets) expect(JSON.stringify(shown)).not.toContain(secret);
  });
});
