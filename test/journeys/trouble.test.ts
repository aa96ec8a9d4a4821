import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CallbackReceiver } from './support/callbacks.ts';
import { createClient } from './support/client.ts';
import { isLocal, local } from './support/local.ts';
import { createSender, type TestSender } from './support/senders.ts';
import { control, Phone } from './support/simulator.ts';

describe('Trouble on the way', () => {
  const client = createClient();
  let customer: CallbackReceiver;
  let sender: TestSender;

  beforeAll(async () => {
    customer = await CallbackReceiver.start();
    sender = await createSender();
  });
  afterAll(() => customer.stop());

  const contact = async (device = sender) => {
    const phone = new Phone();
    await phone.write({ to: device.number, text: 'Hi' });
    return phone;
  };
  const fault = (rule: Record<string, unknown>, device: TestSender) =>
    control('POST', '/faults', { match: { device: device.number, path: '/v1/messages', method: 'POST' }, ...rule });
  const sendTo = (phone: Phone, body: string, device = sender) =>
    client.messages.create({ from: device.address, to: phone.address, body, statusCallback: customer.url('/status') });
  const reached = (sid: string, status: string) =>
    customer.waitFor(({ parameters }) => parameters['MessageSid'] === sid && parameters['MessageStatus'] === status);

  // Most of it is waiting for the next attempt, so they wait together; each that makes trouble has a device of its own.
  it.concurrent.each([
    ['an internal error', { count: 2, action: { httpStatus: 500, errorCode: 1014, title: 'Internal error' } }],
    ['a rate limit', { count: 1, action: { httpStatus: 429, errorCode: 1015, title: 'Too many requests' } }],
    ['a connection that breaks', { count: 1, action: 'down' }],
  ])('is overcome: %s', async (_, rule) => {
    const device = await createSender();
    const phone = await contact(device);
    await fault(rule, device);
    const { sid } = await sendTo(phone, 'In the end', device);
    await reached(sid, 'read');
    expect((await phone.arrived(1)).map(({ text }) => text)).toEqual(['In the end']);
  });

  it.concurrent('is explained when the device refuses the contact', async () => {
    const device = await createSender();
    const phone = await contact(device);
    await fault({ count: 1, action: { httpStatus: 404, errorCode: 1013, title: 'User is not valid' } }, device);
    const { sid } = await sendTo(phone, 'Nobody', device);
    const failed = await reached(sid, 'failed');
    expect(failed.parameters).toMatchObject({ ErrorCode: '63024' });
    expect(await client.messages(sid).fetch()).toMatchObject({ status: 'failed', errorCode: 63024 });
  });

  it.concurrent('is explained when the failure comes later, by webhook', async () => {
    const phone = await contact();
    await phone.behave({ failure: { code: 1026, title: 'Receiver incapable' } });
    const { sid } = await sendTo(phone, 'Too new');
    expect((await reached(sid, 'failed')).parameters['ErrorCode']).toBe('63024');
  });

  it.concurrent('logs in again when the device has forgotten the session', async () => {
    const device = await createSender();
    const phone = await contact(device);
    await fault({ count: 1, action: { httpStatus: 401, errorCode: 1005, title: 'Access denied' } }, device);
    const { sid } = await sendTo(phone, 'After a new login', device);
    await reached(sid, 'sent');
    expect(await phone.arrived(1)).toHaveLength(1);
  });

  it.concurrent('holds up nobody else: another contact of the same sender is served meanwhile', async () => {
    const device = await createSender();
    const [stuck, free] = [await contact(device), await contact(device)];
    await fault({ count: 1, action: { httpStatus: 500, errorCode: 1014, title: 'Internal error' } }, device);
    const first = await sendTo(stuck, 'Waits', device);
    const second = await sendTo(free, 'Goes', device);
    await reached(second.sid, 'read');
    await reached(first.sid, 'read');
  });

  describe.runIf(isLocal)('when a function dies', () => {
    it('delivers a message whose Deliver was killed while the device answered slowly', async () => {
      const device = await createSender();
      const phone = await contact(device);
      await fault({ count: 1, action: { delayMs: 3_000 } }, device);
      const { sid } = await sendTo(phone, 'Survives', device);
      await expect
        .poll(async () => (await local.items()).find((item) => item['sid'] === sid)?.['status'], { timeout: 5_000 })
        .toBe('sending');

      await local.kill('Deliver');
      await control('DELETE', '/faults');
      // What AWS does when the visibility timeout has run out, without waiting for it; the lease must run out by itself.
      await expect
        .poll(
          async () => {
            await local.redeliver();
            return (await local.items()).find((item) => item['sid'] === sid)?.['status'];
          },
          { timeout: 25_000, interval: 500 },
        )
        .toBe('read');
      const shown = await phone.arrived(1);
      expect(new Set(shown.map(({ text }) => text))).toEqual(new Set(['Survives']));
    });

    it('leaves no message text, token or full number in any log', async () => {
      const phone = await contact();
      const { sid } = await sendTo(phone, 'a very private sentence');
      await reached(sid, 'read');
      const logs = JSON.stringify(await local.logs());
      expect(logs).toContain(sid);
      const { authToken } = await import('./support/gateway.ts').then(({ gateway }) => gateway);
      for (const secret of ['a very private sentence', authToken, phone.number, sender.number]) {
        expect(logs.includes(secret), `the logs hold ${secret.slice(0, 6)}…`).toBe(false);
      }
    });
  });
});
