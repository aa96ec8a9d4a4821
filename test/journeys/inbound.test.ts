import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { CallbackReceiver, isSigned } from './support/callbacks.ts';
import { gateway } from './support/gateway.ts';
import { isLocal } from './support/local.ts';
import { createSender, type TestSender } from './support/senders.ts';
import { control, Phone } from './support/simulator.ts';

describe('What contacts write', () => {
  let customer: CallbackReceiver;
  let sender: TestSender;
  let phone: Phone;

  beforeAll(async () => {
    customer = await CallbackReceiver.start();
    sender = await createSender({ webhook: { callback_url: customer.url('/in') } });
  });
  afterAll(() => customer.stop());
  beforeEach(() => {
    phone = new Phone();
    customer.answerWith(() => ({ status: 204 }));
  });

  const received = () => customer.waitFor(({ parameters }) => parameters['From'] === phone.address);

  it.each([
    [
      'a location',
      { type: 'location', location: { latitude: 52.5, longitude: 13.4, name: 'Berlin' } },
      { Latitude: '52.5', Longitude: '13.4', Label: 'Berlin', NumMedia: '0' },
    ],
    [
      'a tapped button',
      { type: 'button', text: 'Yes', payload: 'YES' },
      { Body: 'Yes', ButtonText: 'Yes', ButtonPayload: 'YES' },
    ],
    [
      'a text with emoji',
      { text: 'Olá 👋🏽 & <ok>' },
      { Body: 'Olá 👋🏽 & <ok>', MessageType: 'text', NumMedia: '0', SmsStatus: 'received' },
    ],
  ])('reaches the sender’s webhook with Twilio’s parameters: %s', async (_, written, expected) => {
    await phone.write({ to: sender.number, ...written });
    const callback = await received();
    expect(callback.parameters).toMatchObject({ ...expected, To: sender.address, WaId: phone.number });
    expect(isSigned(callback)).toBe(true);
  });

  it('can be an image, which is fetched from the gateway with the account’s credentials', async () => {
    await phone.write({ to: sender.number, type: 'image', caption: 'Look' });
    const { parameters } = await received();
    expect(parameters).toMatchObject({ NumMedia: '1', Body: 'Look', MessageSid: expect.stringMatching(/^MM/) });
    expect(parameters['MediaContentType0']).toMatch(/^image\//);
    const url = parameters['MediaUrl0'] ?? '';
    if (isLocal) expect(url.startsWith(gateway.url)).toBe(true);
    const authorization = `Basic ${Buffer.from(`${gateway.accountSid}:${gateway.authToken}`).toString('base64')}`;
    // A deployed gateway names itself as the device called it, which need not be how this test reaches it.
    const reachable = gateway.url + new URL(url).pathname;
    const redirect = await fetch(reachable, { headers: { authorization }, redirect: 'manual' });
    expect(redirect.status).toBe(307);
    const file = await fetch(redirect.headers.get('location') ?? '');
    expect(file.status).toBe(200);
    expect(file.headers.get('content-type')).toMatch(/^image\//);
    expect((await file.arrayBuffer()).byteLength).toBeGreaterThan(0);
    expect((await fetch(reachable)).status).toBe(401);
  });

  it('is answered with the TwiML of the webhook, once', async () => {
    customer.answerWith(() => ({
      headers: { 'content-type': 'text/xml' },
      body: '<Response><Message>Thanks, Ada</Message><Message><Body>Bye</Body></Message></Response>',
    }));
    await phone.write({ to: sender.number, text: 'Hello' });
    const shown = await phone.arrived(2);
    expect(shown.map(({ text }) => text)).toEqual(['Thanks, Ada', 'Bye']);
  });

  it('names the message that it answers', async () => {
    await phone.write({ to: sender.number, text: 'First' });
    const first = await received();
    customer.answerWith(() => ({ headers: { 'content-type': 'text/plain' }, body: 'Which one?' }));
    await phone.write({ to: sender.number, text: 'Second' });
    const [question] = await phone.arrived(1);
    customer.answerWith(() => ({ status: 204 }));
    await phone.write({ to: sender.number, text: 'This one', replyTo: question?.id });
    const reply = await customer.waitFor(({ parameters }) => parameters['Body'] === 'This one');
    expect(reply.parameters['OriginalRepliedMessageSender']).toBe(sender.address);
    expect(reply.parameters['OriginalRepliedMessageSid']).toMatch(/^SM/);
    expect(reply.parameters['MessageSid']).not.toBe(first.parameters['MessageSid']);
  });

  it('is told once, however often the device repeats its webhook', async () => {
    await control('POST', '/faults', { match: { device: sender.number }, count: 1, action: 'duplicateWebhooks' });
    await phone.write({ to: sender.number, text: 'Twice' });
    const callback = await received();
    await phone.write({ to: sender.number, text: 'After' });
    await customer.waitFor(({ parameters }) => parameters['Body'] === 'After' && parameters['From'] === phone.address);
    const same = customer.received.filter(({ parameters }) => parameters['Body'] === 'Twice');
    expect(new Set(same.map(({ parameters }) => parameters['MessageSid']))).toEqual(
      new Set([callback.parameters['MessageSid']]),
    );
    expect(same).toHaveLength(1);
  });

  it('goes to the fallback URL when the webhook fails', async () => {
    const other = await createSender({
      webhook: { callback_url: customer.url('/broken'), fallback_url: customer.url('/fallback') },
    });
    customer.answerWith(({ path }) => ({ status: path === '/broken' ? 500 : 204 }));
    await phone.write({ to: other.number, text: 'Anybody?' });
    const fallback = await customer.waitFor(({ path }) => path === '/fallback');
    expect(fallback.parameters).toMatchObject({ Body: 'Anybody?', ErrorCode: '11200' });
    expect(isSigned(fallback)).toBe(true);
  });
});
