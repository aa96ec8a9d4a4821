import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CallbackReceiver } from './support/callbacks.ts';
import { createClient } from './support/client.ts';
import { isLocal, local } from './support/local.ts';
import { createSender, type TestSender } from './support/senders.ts';
import { Phone } from './support/simulator.ts';

describe.runIf(isLocal)('What the sweep keeps moving', () => {
  const client = createClient();
  let customer: CallbackReceiver;
  let sender: TestSender;

  beforeAll(async () => {
    customer = await CallbackReceiver.start();
    sender = await createSender();
  });
  afterAll(() => customer.stop());

  const contact = async () => {
    const phone = new Phone();
    await phone.write({ to: sender.number, text: 'Hi' });
    return phone;
  };
  const schedule = (phone: Phone, body: string) =>
    client.messages.create({
      from: sender.address,
      to: phone.address,
      body,
      scheduleType: 'fixed',
      sendAt: new Date(Date.now() + 3_600_000),
      statusCallback: customer.url('/status'),
    });
  const reached = (sid: string, status: string) =>
    customer.waitFor(({ parameters }) => parameters['MessageSid'] === sid && parameters['MessageStatus'] === status);

  it('sends a scheduled message when its time comes, and not before', async () => {
    const phone = await contact();
    const { sid, status } = await schedule(phone, 'It is time');
    expect(status).toBe('scheduled');
    expect(await local.tick('SweepSchedule')).toMatchObject({ failed: 0 });
    expect((await client.messages(sid).fetch()).status).toBe('scheduled');

    await local.comeDue(sid);
    await local.tick('SweepSchedule');
    await reached(sid, 'read');
    expect((await phone.arrived(1)).map(({ text }) => text)).toEqual(['It is time']);
    const told = customer.received.filter(({ parameters }) => parameters['MessageSid'] === sid);
    expect(new Set(told.map(({ parameters }) => parameters['MessageStatus']))).toEqual(
      new Set(['sent', 'delivered', 'read']),
    );
  });

  it('sends none that was canceled', async () => {
    const phone = await contact();
    const { sid } = await schedule(phone, 'Never');
    await local.comeDue(sid);
    await client.messages(sid).update({ status: 'canceled' });
    await local.tick('SweepSchedule');
    await reached(sid, 'canceled');
    await client.messages.create({ from: sender.address, to: phone.address, body: 'Something else' });
    expect((await phone.arrived(1)).map(({ text }) => text)).toEqual(['Something else']);
  });

  it('sends a message that the function which accepted it never queued', async () => {
    const phone = await contact();
    const first = await client.messages.create({
      from: sender.address,
      to: phone.address,
      body: 'Twice, because one was lost',
      statusCallback: customer.url('/status'),
    });
    await reached(first.sid, 'read');
    const lost = await local.storeUnqueued(first.sid);
    await local.tick('SweepSchedule');
    await reached(lost, 'read');
    expect(await phone.arrived(2)).toHaveLength(2);
    expect(await client.messages(lost).fetch()).toMatchObject({ status: 'read', body: first.body });
  });
});
