import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CallbackReceiver, isSigned } from './support/callbacks.ts';
import { createClient } from './support/client.ts';
import { gateway } from './support/gateway.ts';
import { createSender, type TestSender } from './support/senders.ts';
import { Phone } from './support/simulator.ts';

describe('The Messages resource, with the twilio package', () => {
  const client = createClient();
  const phone = new Phone();
  let sender: TestSender;
  let customer: CallbackReceiver;

  afterAll(() => customer.stop());
  beforeAll(async () => {
    customer = await CallbackReceiver.start();
    sender = await createSender();
    await phone.write({ to: sender.number, text: 'Hi' });
  });

  it.each([
    ['https://example.com/a.jpg', 'image'],
    ['https://example.com/a.mp4', 'video'],
    ['https://example.com/a.mp3', 'audio'],
    ['https://example.com/a.pdf', 'document'],
    ['https://example.com/a.webp', 'sticker'],
  ])('sends %s as %s', async (url, type) => {
    const contact = new Phone();
    await contact.write({ to: sender.number, text: 'Send it' });
    const message = await client.messages.create({
      from: sender.address,
      to: contact.address,
      body: 'Here it is',
      mediaUrl: [url],
    });
    expect(message.sid).toMatch(/^MM[0-9a-f]{32}$/);
    expect(message.numMedia).toBe('1');

    const isCaptioned = type !== 'audio' && type !== 'sticker';
    const shown = await contact.arrived(isCaptioned ? 1 : 2);
    expect(shown[0]).toMatchObject({ type, link: url, ...(isCaptioned && { text: 'Here it is' }) });
    if (!isCaptioned) expect(shown[1]).toMatchObject({ type: 'text', text: 'Here it is' });
  });

  it('sends a location', async () => {
    const contact = new Phone();
    await contact.write({ to: sender.number, text: 'Where?' });
    await client.messages.create({
      from: sender.address,
      to: contact.address,
      body: 'HQ',
      persistentAction: ['geo:37.5,-122.1|1 Hacker Way'],
    });
    const [shown] = await contact.arrived(1);
    expect(shown?.type).toBe('location');
    expect(JSON.stringify(shown?.content)).toContain('1 Hacker Way');
  });

  it('keeps the order of messages to one contact', async () => {
    const contact = new Phone();
    await contact.write({ to: sender.number, text: 'Count' });
    const texts = Array.from({ length: 8 }, (_, index) => `number ${index}`);
    for (const body of texts) await client.messages.create({ from: sender.address, to: contact.address, body });
    const shown = await contact.arrived(texts.length);
    expect(shown.map(({ text }) => text)).toEqual(texts);
  });

  it('lists what was sent, newest first, page by page', async () => {
    const contact = new Phone();
    await contact.write({ to: sender.number, text: 'List' });
    const sids: string[] = [];
    for (let index = 0; index < 5; index += 1) {
      const { sid } = await client.messages.create({ from: sender.address, to: contact.address, body: `${index}` });
      sids.unshift(sid);
    }
    const filter = { to: contact.address, from: sender.address };
    expect((await client.messages.list({ ...filter, pageSize: 2 })).map(({ sid }) => sid)).toEqual(sids);
    expect((await client.messages.list({ ...filter, limit: 3 })).map(({ sid }) => sid)).toEqual(sids.slice(0, 3));
    const first = await client.messages.page({ ...filter, pageSize: 2 });
    expect(first.instances.map(({ sid }) => sid)).toEqual(sids.slice(0, 2));
    const second = await first.nextPage();
    expect(second?.instances.map(({ sid }) => sid)).toEqual(sids.slice(2, 4));
    expect(await client.messages.list({ ...filter, dateSentBefore: new Date(Date.now() - 86_400_000) })).toEqual([]);
  });

  it('answers a repeated request with the first one’s message', async () => {
    const contact = new Phone();
    await contact.write({ to: sender.number, text: 'Once' });
    const post = () =>
      fetch(`${gateway.url}/2010-04-01/Accounts/${gateway.accountSid}/Messages.json`, {
        method: 'POST',
        headers: {
          authorization: `Basic ${Buffer.from(`${gateway.accountSid}:${gateway.authToken}`).toString('base64')}`,
          'idempotency-key': `key-${contact.number}`,
        },
        body: new URLSearchParams({ From: sender.address, To: contact.address, Body: 'Only once' }),
      }).then((response) => response.json() as Promise<{ sid: string }>);

    const answers = await Promise.all([post(), post(), post()]);
    expect(new Set(answers.map(({ sid }) => sid)).size).toBe(1);
    await client.messages.create({ from: sender.address, to: contact.address, body: 'Last' });
    expect((await contact.arrived(2)).map(({ text }) => text)).toEqual(['Only once', 'Last']);
  });

  it('accepts a free-form message outside the window and fails it with 63016, without sending it', async () => {
    const stranger = new Phone();
    const { sid } = await client.messages.create({ from: sender.address, to: stranger.address, body: 'Hello?' });
    await expect
      .poll(async () => client.messages(sid).fetch(), { timeout: 10_000 })
      .toMatchObject({
        status: 'failed',
        errorCode: 63016,
      });
    expect(await stranger.arrived()).toEqual([]);
  });

  it('tells what happened to a message', async () => {
    const contact = new Phone();
    await contact.write({ to: sender.number, text: 'Tell' });
    const { sid } = await client.messages.create({ from: sender.address, to: contact.address, body: 'Told' });
    const timeline = async () => {
      const response = await fetch(
        `${gateway.url}/2010-04-01/Accounts/${gateway.accountSid}/Messages/${sid}/Timeline.json`,
        {
          headers: {
            authorization: `Basic ${Buffer.from(`${gateway.accountSid}:${gateway.authToken}`).toString('base64')}`,
          },
        },
      );
      const { timeline: entries } = (await response.json()) as { timeline: { event: string; by: string }[] };
      return entries.map(({ event, by }) => `${event} by ${by}`);
    };
    const events = [
      'queued by api',
      'sending by deliver',
      'sent by deliver',
      'delivered by channel',
      'read by channel',
    ];
    // The phone may say `delivered` before Deliver has written down that it sent: each is there once, whichever comes first.
    await expect.poll(async () => (await timeline()).toSorted(), { timeout: 10_000 }).toEqual(events.toSorted());
    expect((await timeline()).slice(0, 2)).toEqual(events.slice(0, 2));
  });

  it('schedules a message, and cancels it: it is never sent, and the customer is told', async () => {
    const contact = new Phone();
    await contact.write({ to: sender.number, text: 'Remind me' });
    const scheduled = await client.messages.create({
      from: sender.address,
      to: contact.address,
      body: 'The reminder',
      scheduleType: 'fixed',
      sendAt: new Date(Date.now() + 3_600_000),
      statusCallback: customer.url('/scheduled'),
    });
    expect(scheduled).toMatchObject({ status: 'scheduled', dateSent: null, from: sender.address });
    expect(await client.messages.list({ to: contact.address })).toMatchObject([{ sid: scheduled.sid }]);

    const canceled = await client.messages(scheduled.sid).update({ status: 'canceled' });
    expect(canceled).toMatchObject({ sid: scheduled.sid, status: 'canceled', dateSent: null });
    const callback = await customer.waitFor(({ parameters }) => parameters['MessageSid'] === scheduled.sid);
    expect(callback.parameters).toMatchObject({ MessageStatus: 'canceled', To: contact.address });
    expect(isSigned(callback)).toBe(true);

    await client.messages.create({ from: sender.address, to: contact.address, body: 'Something else' });
    expect((await contact.arrived(1)).map(({ text }) => text)).toEqual(['Something else']);
  });

  it('does not cancel what was sent', async () => {
    const contact = new Phone();
    await contact.write({ to: sender.number, text: 'Hi' });
    const { sid } = await client.messages.create({ from: sender.address, to: contact.address, body: 'Gone' });
    await contact.arrived(1);
    const late = client.messages(sid).update({ status: 'canceled' });
    await expect(late).rejects.toMatchObject({ status: 409, code: 30409 });
  });

  it('redacts and deletes messages, those of contacts too', async () => {
    const contact = new Phone();
    await contact.write({ to: sender.number, text: 'My secret' });
    const { sid } = await client.messages.create({ from: sender.address, to: contact.address, body: 'Your secret' });
    await expect.poll(async () => (await client.messages(sid).fetch()).status, { timeout: 10_000 }).toBe('read');
    const received = async () => client.messages.list({ from: contact.address });
    await expect.poll(async () => (await received()).map(({ body }) => body)).toEqual(['My secret']);

    for (const message of [await client.messages(sid).fetch(), ...(await received())]) {
      expect(await client.messages(message.sid).update({ body: '' })).toMatchObject({
        body: '',
        status: message.status,
      });
      expect((await client.messages(message.sid).fetch()).body).toBe('');
      expect(await client.messages(message.sid).remove()).toBe(true);
      await expect(client.messages(message.sid).fetch()).rejects.toMatchObject({ status: 404, code: 20404 });
    }
    expect(await received()).toEqual([]);
  });
});
