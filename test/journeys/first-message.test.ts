import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CallbackReceiver, isSigned } from './support/callbacks.ts';
import { createClient } from './support/client.ts';
import { createSender, type TestSender } from './support/senders.ts';
import { Phone } from './support/simulator.ts';

describe('A first message', () => {
  const client = createClient();
  const phone = new Phone();
  let customer: CallbackReceiver;
  let sender: TestSender;

  beforeAll(async () => {
    customer = await CallbackReceiver.start();
    sender = await createSender({ webhook: { callback_url: customer.url('/inbound') } });
  });

  afterAll(async () => {
    await customer.stop();
  });

  it('reaches the phone of a contact who wrote first, is read, and every step is called back', async () => {
    await phone.write({ to: sender.number, text: 'Hello?', profileName: 'Ada' });
    const inbound = await customer.waitFor(({ path }) => path === '/inbound');
    expect(inbound.parameters).toMatchObject({
      From: phone.address,
      To: sender.address,
      Body: 'Hello?',
      ProfileName: 'Ada',
    });
    expect(isSigned(inbound)).toBe(true);

    const message = await client.messages.create({
      from: sender.address,
      to: phone.address,
      body: 'Hello, Ada. 👋',
      statusCallback: customer.url('/status?order=17'),
    });
    expect(message).toMatchObject({ status: 'queued', direction: 'outbound-api', body: 'Hello, Ada. 👋' });
    expect(message.sid).toMatch(/^SM[0-9a-f]{32}$/);

    const [shown] = await phone.arrived(1);
    expect(shown).toMatchObject({ type: 'text', device: sender.number, text: 'Hello, Ada. 👋' });

    const isStatus = ({ path }: { path: string }) => path === '/status?order=17';
    const callbacks = await customer.waitForAll(
      (received) => received.some(({ parameters }) => parameters['MessageStatus'] === 'read'),
      isStatus,
    );
    expect(callbacks.map(({ parameters }) => parameters['MessageStatus'])).toEqual(['sent', 'delivered', 'read']);
    expect(callbacks.map(({ parameters }) => parameters['MessageSid'])).toEqual([
      message.sid,
      message.sid,
      message.sid,
    ]);
    expect(callbacks.filter((callback) => !isSigned(callback))).toEqual([]);

    expect(await client.messages(message.sid).fetch()).toMatchObject({ status: 'read', errorCode: null });
  });
});
