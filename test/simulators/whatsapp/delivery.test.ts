import { describe, expect, it } from 'vitest';
import { CONTACT, DEVICE, OTHER_DEVICE, onBench, PASSWORD, textAt } from './bench.ts';

const DAY = 24 * 3600 * 1000;
const language = { policy: 'deterministic', code: 'en_US' };
const text = (value: string) => ({ type: 'text', text: value });
const body = (...values: string[]) => [{ type: 'body', parameters: values.map(text) }];

describe('a message on its way', () => {
  it('has an id first, and then becomes sent, delivered and read after the configured delays', async () => {
    await onBench({ statusDelaysMs: { sent: 100, delivered: 400, read: 1000 } }, async (bench) => {
      await bench.connect();
      const id = await bench.device.sendText('Hello');
      const acceptedAt = await bench.now();
      const seen: [number, unknown[]][] = [];
      for (const step of [99, 1, 299, 1, 599, 1]) {
        await bench.advance(step);
        seen.push([(await bench.now()) - acceptedAt, bench.receiver.statusNames]);
      }

      expect(seen).toEqual([
        [99, []],
        [100, ['sent']],
        [399, ['sent']],
        [400, ['sent', 'delivered']],
        [999, ['sent', 'delivered']],
        [1000, ['sent', 'delivered', 'read']],
      ]);
      expect(bench.receiver.statuses.every((status) => status['id'] === id)).toBe(true);
    });
  });

  it('carries timestamps as strings of seconds, and the conversation with its price', async () => {
    await onBench({}, async (bench) => {
      await bench.connect();
      await bench.device.sendText();
      await bench.advance(1000);
      const [sent] = bench.receiver.statuses;

      expect(sent).toEqual({
        id: expect.stringMatching(/^gBEG/),
        recipient_id: CONTACT,
        status: 'sent',
        timestamp: expect.stringMatching(/^\d{10}$/),
        conversation: {
          id: expect.any(String),
          expiration_timestamp: expect.any(Number),
          origin: { type: 'user_initiated' },
        },
        pricing: { pricing_model: 'CBP', billable: true, category: 'user_initiated' },
      });
      expect(Math.abs(Number(sent?.['timestamp']) - (await bench.now()) / 1000)).toBeLessThan(3);
    });
  });

  it('returns the opaque data that it was sent with', async () => {
    await onBench({}, async (bench) => {
      await bench.connect();
      const message = { to: CONTACT, text: { body: 'x' }, biz_opaque_callback_data: 'SM123' };
      await bench.device.call('POST', '/v1/messages', message);
      await bench.advance(1000);

      expect(bench.receiver.statuses.map((status) => status['biz_opaque_callback_data'])).toEqual(
        Array(3).fill('SM123'),
      );
    });
  });

  it('arrives in the order in which it was accepted, whichever device sent it', async () => {
    await onBench({}, async (bench) => {
      await bench.connect();
      const other = bench.deviceClient(OTHER_DEVICE);
      await other.enter();
      await other.call('PATCH', '/v1/settings/application', { webhooks: { url: `${bench.receiver.url}/other` } });
      await bench.write({ text: 'Hi, other', to: OTHER_DEVICE });
      for (const number of [1, 2, 3]) {
        await bench.device.sendText(`first ${number}`);
        await other.sendText(`second ${number}`);
      }
      await bench.advance(1000);

      const shown = (await bench.phone(CONTACT, '?direction=to-contact')).map((message) => [
        message['device'],
        message['text'],
      ]);
      expect(shown).toEqual(
        [1, 2, 3].flatMap((number) => [
          [DEVICE, `first ${number}`],
          [OTHER_DEVICE, `second ${number}`],
        ]),
      );
    });
  });
});

describe('which statuses are told', () => {
  const all = ['sent', 'delivered', 'read'];

  it.each([
    ['no sent unless it is enabled', {}, ['delivered', 'read']],
    ['sent with the older switch', { sent_status: true }, all],
    ['sent with the newer switch', { webhooks: { message: { sent: true } } }, all],
    ['the newer switch wins', { sent_status: true, webhooks: { message: { sent: false } } }, ['delivered', 'read']],
    ['no read when switched off', { webhooks: { message: { read: false } } }, ['delivered']],
    ['no delivered when switched off', { webhooks: { message: { delivered: false } } }, ['read']],
  ])('%s', async (_, settings, expected) => {
    await onBench({}, async (bench) => {
      await bench.connect({});
      await bench.device.call('PATCH', '/v1/settings/application', settings);
      await bench.device.sendText();
      await bench.advance(1000);

      expect(bench.receiver.statusNames).toEqual(expected);
    });
  });

  it.each([
    ['read without delivered, when delivery receipts are off', { deliveryReceipts: false }, ['sent', 'read']],
    ['no read, when read receipts are off', { readReceipts: false }, ['sent', 'delivered']],
    ['sent only, when the contact has blocked the business', { blocked: true }, ['sent']],
    ['sent only, while the phone is off', { online: false }, ['sent']],
  ])('%s', async (_, behaviour, expected) => {
    await onBench({}, async (bench) => {
      await bench.connect();
      await bench.control('PATCH', `/contacts/${CONTACT}`, behaviour);
      await bench.device.sendText();
      await bench.advance(60_000);

      expect(bench.receiver.statusNames).toEqual(expected);
    });
  });

  it('delivers in order once the phone is on again', async () => {
    await onBench({}, async (bench) => {
      await bench.connect();
      await bench.control('PATCH', `/contacts/${CONTACT}`, { online: false });
      await bench.device.sendText('one');
      await bench.device.sendText('two');
      await bench.advance(60_000);
      expect(await bench.phone()).toHaveLength(1);

      await bench.control('PATCH', `/contacts/${CONTACT}`, { online: true });
      await bench.advance(1000);
      expect((await bench.phone()).map((message) => message['text'])).toEqual(['Hi', 'one', 'two']);
      expect(bench.receiver.statusNames.toSorted()).toEqual(['delivered', 'delivered', 'read', 'read', 'sent', 'sent']);
    });
  });

  it('expires a message whose time to live is over before the phone is on', async () => {
    await onBench({}, async (bench) => {
      await bench.connect();
      await bench.control('PATCH', `/contacts/${CONTACT}`, { online: false });
      await bench.device.call('POST', '/v1/messages', { to: CONTACT, ttl: 60, text: { body: 'x' } });
      await bench.advance(60_001);
      await bench.control('PATCH', `/contacts/${CONTACT}`, { online: true });
      await bench.advance(0);

      expect(bench.receiver.statuses.at(-1)).toMatchObject({ status: 'failed', errors: [{ code: 410 }] });
      expect(await bench.phone()).toHaveLength(1);
    });
  });

  it('tells that the contact took a message back, under the inbound id', async () => {
    await onBench({}, async (bench) => {
      await bench.connect();
      const { id } = await bench.write({ text: 'Oops' });
      await bench.control('DELETE', `/contacts/${CONTACT}/messages/${id}`);
      await bench.advance(0);

      expect(bench.receiver.statuses).toMatchObject([{ id, status: 'deleted', recipient_id: CONTACT }]);
      expect(await bench.phone()).toHaveLength(1);
    });
  });
});

describe('the 24-hour window', () => {
  it('is closed to a business that the contact never wrote to: 201, then failed with 470', async () => {
    await onBench({}, async (bench) => {
      await bench.connect();
      const id = await bench.device.sendText('Hello', '15557778888');
      await bench.advance(1000);

      expect(bench.receiver.statuses).toEqual([
        {
          id,
          recipient_id: '15557778888',
          status: 'failed',
          timestamp: expect.stringMatching(/^\d{10}$/),
          errors: [{ code: 470, title: 'Re-engagement message', details: expect.any(String) }],
        },
      ]);
      expect(await bench.phone('15557778888')).toEqual([]);
    });
  });

  it.each([
    // The network judges when the message leaves, 30 ms after it was accepted.
    ['open just before its end', DAY - 31, 'read'],
    ['closed at its end', DAY - 30, 'failed'],
  ])('is %s', async (_, later, expected) => {
    await onBench({}, async (bench) => {
      await bench.connect();
      await bench.advance(later);
      await bench.device.sendText();
      await bench.advance(500);

      expect(bench.receiver.statusNames.at(-1)).toBe(expected);
    });
  });

  it('opens for one device only', async () => {
    await onBench({}, async (bench) => {
      await bench.connect();
      const other = bench.deviceClient(OTHER_DEVICE);
      await other.enter();
      await other.call('PATCH', '/v1/settings/application', { webhooks: { url: `${bench.receiver.url}/other` } });
      await other.sendText();
      await bench.advance(1000);

      expect(bench.receiver.statuses).toMatchObject([{ errors: [{ code: 470 }] }]);
    });
  });

  it('does not hold for templates, which start a conversation of the business', async () => {
    await onBench({}, async (bench) => {
      await bench.connect();
      const template = { namespace: 'ns', name: 'hello_world', language };
      await bench.device.call('POST', '/v1/messages', { to: '15557778888', type: 'template', template });
      await bench.advance(1000);

      expect(bench.receiver.statusNames).toEqual(['sent', 'delivered', 'read']);
      expect(bench.receiver.statuses[0]).toMatchObject({ conversation: { origin: { type: 'business_initiated' } } });
    });
  });

  it('keeps messages of one day in one conversation, and starts another after it', async () => {
    await onBench({}, async (bench) => {
      await bench.connect();
      const conversationAfter = async (delay: number) => {
        await bench.advance(delay);
        await bench.write({ text: 'again' });
        await bench.device.sendText();
        await bench.advance(1000);
        return textAt(bench.receiver.statuses.at(-1), 'conversation.id');
      };
      const first = await conversationAfter(0);
      const second = await conversationAfter(DAY / 2);
      const third = await conversationAfter(DAY);

      expect(second).toBe(first);
      expect(third).not.toBe(first);
    });
  });
});

describe('a template message', () => {
  it.each([
    ['hello_world', 'en_US', undefined, 'Hello, and welcome to the sandbox.'],
    ['hello_world', 'de', undefined, 'Hallo und willkommen in der Sandbox.'],
    ['order_update', 'en_US', body('#17', 'Monday'), 'Your order #17 will arrive on Monday.'],
  ])('shows %s in %s with its values', async (name, code, components, expected) => {
    await onBench({}, async (bench) => {
      await bench.connect();
      const template = { namespace: 'ns', name, language: { ...language, code }, components };
      await bench.device.call('POST', '/v1/messages', { to: CONTACT, type: 'template', template });
      await bench.advance(1000);

      expect((await bench.phone()).at(-1)).toMatchObject({ type: 'template', text: expected });
    });
  });

  const photo = { type: 'header', parameters: [{ type: 'image', image: { link: 'https://example.com/a.jpg' } }] };
  const button = (sub_type: string, index: string) => ({ type: 'button', sub_type, index, parameters: [text('17')] });

  it.each([
    [2001, 'a name that does not exist', 'goodbye_world', 'en_US', []],
    [2001, 'a language that it is not approved in', 'hello_world', 'fr', []],
    [2000, 'too few parameters', 'order_update', 'en_US', body('#17')],
    [2000, 'too many parameters', 'hello_world', 'en_US', body('x')],
    [2000, 'a missing header parameter', 'appointment_reminder', 'en_US', body('a', 'b', 'c')],
    [2000, 'a button that it does not have', 'hello_world', 'en_US', [button('url', '0')]],
    [2005, 'values that make it too long', 'one_time_code', 'en_US', body('x'.repeat(1025))],
    [2006, 'a new line in a value', 'one_time_code', 'en_US', body('1\n2')],
    [2006, 'four spaces in a value', 'one_time_code', 'en_US', body('1    2')],
    [2009, 'no header image', 'delivery_photo', 'en_US', body('17')],
    [2009, 'no value for a button URL', 'delivery_photo', 'en_US', [photo, ...body('17')]],
    [
      2012,
      'a text instead of a header image',
      'delivery_photo',
      'en_US',
      [{ type: 'header', parameters: [text('x')] }],
    ],
    [2012, 'a wrong kind of button', 'delivery_photo', 'en_US', [photo, ...body('17'), button('quick_reply', '0')]],
    [2061, 'being paused', 'paused_one', 'en_US', []],
    [2062, 'being disabled', 'disabled_one', 'en_US', []],
    [2060, 'being rejected', 'rejected_one', 'en_US', []],
    [2001, 'not being approved yet', 'pending_one', 'en_US', []],
  ])('is accepted and fails with %i for %s', async (code, _, name, languageCode, components) => {
    await onBench({}, async (bench) => {
      await bench.connect();
      for (const status of ['paused', 'disabled', 'rejected', 'pending']) {
        await bench.control('POST', '/templates', { name: `${status}_one`, language: 'en_US', status, body: 'x' });
      }
      const template = { namespace: 'ns', name, language: { ...language, code: languageCode }, components };
      const reply = await bench.device.call('POST', '/v1/messages', { to: CONTACT, type: 'template', template });
      await bench.advance(1000);

      expect(reply.status).toBe(201);
      expect(bench.receiver.statuses).toMatchObject([{ status: 'failed', errors: [{ code }] }]);
      expect(await bench.phone()).toHaveLength(1);
    });
  });
});

describe('a contact with whom sending fails', () => {
  it.each([
    [471, 'Spam rate limit hit'],
    [480, 'User potentially changed'],
    [1026, 'Receiver incapable'],
    [402, 'Business eligibility, payment issue'],
  ])('gives %i by webhook, once', async (code, title) => {
    await onBench({}, async (bench) => {
      await bench.connect();
      await bench.control('PATCH', `/contacts/${CONTACT}`, { failure: { code, count: 1 } });
      await bench.device.sendText('one');
      await bench.advance(1000);
      await bench.device.sendText('two');
      await bench.advance(1000);

      expect(bench.receiver.statuses[0]).toMatchObject({ status: 'failed', errors: [{ code, title }] });
      expect(bench.receiver.statusNames).toEqual(['failed', 'sent', 'delivered', 'read']);
    });
  });

  it('gives 1013 when the number has no WhatsApp', async () => {
    await onBench({}, async (bench) => {
      await bench.connect();
      await bench.control('PATCH', `/contacts/${CONTACT}`, { onWhatsApp: false });
      await bench.device.sendText();
      await bench.advance(1000);

      expect(bench.receiver.statuses).toMatchObject([{ status: 'failed', errors: [{ code: 1013 }] }]);
    });
  });
});

describe('a contact who answers', () => {
  it('replies to each message, until told to stop', async () => {
    await onBench({}, async (bench) => {
      await bench.connect();
      await bench.control('PATCH', `/contacts/${CONTACT}`, { autoReply: 'Thanks!' });
      await bench.device.sendText('one');
      await bench.advance(1000);
      expect(bench.receiver.messages).toMatchObject([{ from: CONTACT, type: 'text', text: { body: 'Thanks!' } }]);

      await bench.control('PATCH', `/contacts/${CONTACT}`, { autoReply: null });
      await bench.device.sendText('two');
      await bench.advance(1000);
      expect(bench.receiver.messages).toHaveLength(1);
    });
  });
});

describe('the numbers of some countries', () => {
  it.each([
    ['Brazil', '5511987654321', '551187654321'],
    ['Mexico', '525512345678', '5215512345678'],
    ['Argentina', '541112345678', '5491112345678'],
  ])('%s: the WhatsApp id differs', async (_, number, waId) => {
    await onBench({}, async (bench) => {
      await bench.connect();
      await bench.write({ text: 'Hi' }, number);
      const { json } = await bench.device.call('POST', '/v1/messages', { to: `+${number}`, text: { body: 'x' } });
      await bench.advance(1000);

      expect(json).toMatchObject({ contacts: [{ input: `+${number}`, wa_id: waId }] });
      expect(bench.receiver.messages).toMatchObject([{ from: waId }]);
      expect(bench.receiver.statuses[0]).toMatchObject({ recipient_id: waId });
    });
  });
});

it('a device that was created later takes part in the same network', async () => {
  await onBench({}, async (bench) => {
    const created = await bench.control('POST', '/devices', { number: '+1 555 777 0000', password: PASSWORD });
    expect(created).toMatchObject({ status: 201, json: { number: '15557770000', state: 'connected' } });
    const device = bench.deviceClient('15557770000');
    await device.enter();
    await device.call('PATCH', '/v1/settings/application', { webhooks: { url: `${bench.receiver.url}/new` } });
    await bench.write({ text: 'Hi', to: '15557770000' });
    await device.sendText('Welcome');
    await bench.advance(1000);

    expect((await bench.phone()).map((message) => message['device'])).toEqual(['15557770000', '15557770000']);
  });
});
