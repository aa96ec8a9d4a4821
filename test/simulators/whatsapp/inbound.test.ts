import { describe, expect, it } from 'vitest';
import { CONTACT, DEVICE, type JsonObject, onBench } from './bench.ts';

const media = (type: string) => ({
  id: expect.any(String),
  mime_type: type,
  sha256: expect.stringMatching(/^[\da-f]{64}$/),
});
const choice = { id: '1', title: 'One' };

describe('what a contact writes', () => {
  it.each<[string, JsonObject, JsonObject]>([
    ['text', { text: 'Hi' }, { type: 'text', text: { body: 'Hi' } }],
    ['image', { type: 'image', caption: 'Look' }, { type: 'image', image: { ...media('image/png'), caption: 'Look' } }],
    ['video', { type: 'video' }, { type: 'video', video: media('video/mp4') }],
    ['audio', { type: 'audio', mimeType: 'audio/aac' }, { type: 'audio', audio: media('audio/aac') }],
    ['voice', { type: 'voice' }, { type: 'voice', voice: media('audio/ogg; codecs=opus') }],
    [
      'document',
      { type: 'document', filename: 'a.pdf' },
      { type: 'document', document: { ...media('application/pdf'), filename: 'a.pdf' } },
    ],
    ['sticker', { type: 'sticker' }, { type: 'sticker', sticker: media('image/webp') }],
    [
      'location',
      { type: 'location', location: { latitude: 1.5, longitude: -2, name: 'n' } },
      { type: 'location', location: { latitude: 1.5, longitude: -2, name: 'n' } },
    ],
    [
      'button',
      { type: 'button', text: 'Yes', payload: 'yes' },
      { type: 'button', button: { text: 'Yes', payload: 'yes' } },
    ],
    [
      'button without payload',
      { type: 'button', text: 'Yes' },
      { type: 'button', button: { text: 'Yes', payload: null } },
    ],
    [
      'interactive button',
      { type: 'interactive', interactive: { type: 'button_reply', button_reply: choice } },
      { type: 'interactive', interactive: { type: 'button_reply', button_reply: choice } },
    ],
    [
      'interactive list',
      { type: 'interactive', interactive: { type: 'list_reply', list_reply: choice } },
      { type: 'interactive', interactive: { type: 'list_reply', list_reply: choice } },
    ],
    [
      'contacts',
      { type: 'contacts', contacts: [{ name: { formatted_name: 'Bob' } }] },
      { type: 'contacts', contacts: [{ name: { formatted_name: 'Bob' } }] },
    ],
    [
      'reaction',
      { type: 'reaction', reaction: { message_id: 'gBEG1', emoji: '👍' } },
      { type: 'reaction', reaction: { message_id: 'gBEG1', emoji: '👍' } },
    ],
    [
      'forwarded text',
      { text: 'Hi', forwarded: true },
      { type: 'text', text: { body: 'Hi' }, context: { forwarded: true } },
    ],
  ])('reaches the webhook: %s', async (_, written, expected) => {
    await onBench({}, async (bench) => {
      await bench.connect();
      const { id } = await bench.write({ ...written, profileName: 'Ann' });

      expect(bench.receiver.received.map(({ body }) => body)).toEqual([
        {
          contacts: [{ profile: { name: 'Ann' }, wa_id: CONTACT }],
          messages: [{ from: CONTACT, id, timestamp: expect.stringMatching(/^\d{10}$/), ...expected }],
        },
      ]);
      expect(id).toMatch(/^ABEG/);
      expect((await bench.phone()).at(-1)).toMatchObject({ id, direction: 'from-contact', device: DEVICE });
    });
  });

  it('quotes the message that it answers, with its author', async () => {
    await onBench({}, async (bench) => {
      await bench.connect();
      const sent = await bench.device.sendText();
      await bench.advance(1000);
      const own = await bench.write({ text: 'Yes', replyTo: sent });
      await bench.write({ text: 'I mean no', replyTo: own['id'] });

      expect(bench.receiver.messages).toMatchObject([
        { context: { from: DEVICE, id: sent } },
        { context: { from: CONTACT, id: own['id'] } },
      ]);
    });
  });

  it.each<[string, JsonObject, RegExp]>([
    ['a text without text', { type: 'text' }, /^text: is required/],
    ['an unknown type', { type: 'pigeon' }, /^type: must be one of text, image/],
    ['an unknown field', { text: 'x', body: 'y' }, /^body: is not known; known are to, type/],
    ['a location without coordinates', { type: 'location' }, /^location: is required/],
    [
      'a reply without its object',
      { type: 'interactive', interactive: { type: 'list_reply' } },
      /list_reply: is required/,
    ],
    ['media that is not base64', { type: 'image', data: '§§' }, /^data: must be base64/],
    ['a device that does not exist', { text: 'x', to: '15558888888' }, /no device 15558888888/],
  ])('is refused with a sentence: %s', async (_, written, expected) => {
    await onBench({}, async (bench) => {
      await bench.connect();
      const { status, json } = await bench.control('POST', `/contacts/${CONTACT}/messages`, written);

      expect([400, 404]).toContain(status);
      expect(json['error']).toMatch(expected);
      expect(await bench.phone()).toHaveLength(1);
    });
  });

  it('is marked as read by its id; only inbound messages can be', async () => {
    await onBench({}, async (bench) => {
      await bench.connect();
      const { id } = await bench.write({ text: 'Hi' });
      const outbound = await bench.device.sendText();
      const read = { status: 'read' };

      expect((await bench.device.call('PUT', `/v1/messages/${id}`, read)).status).toBe(200);
      expect((await bench.device.call('PUT', `/v1/messages/${id}`, { status: 'unread' })).status).toBe(400);
      expect((await bench.device.call('PUT', `/v1/messages/${outbound}`, read)).status).toBe(404);
      expect((await bench.device.call('PUT', '/v1/messages/ABEGnone', read)).status).toBe(404);
    });
  });
});

describe('waiting for a phone', () => {
  it('answers as soon as the messages are there', async () => {
    await onBench({}, async (bench) => {
      await bench.connect();
      const waiting = bench.phone(CONTACT, '?wait=2&timeoutMs=20000');
      await bench.device.sendText('Hello');
      await bench.advance(1000);

      expect((await waiting).map((message) => message['text'])).toEqual(['Hi', 'Hello']);
    });
  });

  it('answers with what there is when the time is over', async () => {
    await onBench({}, async (bench) => {
      await bench.connect();

      expect(await bench.phone(CONTACT, '?wait=2&timeoutMs=10')).toHaveLength(1);
      expect(await bench.phone(CONTACT, '?after=1')).toEqual([]);
    });
  });

  it('refuses numbers that make no sense', async () => {
    await onBench({}, async (bench) => {
      expect((await bench.control('GET', `/contacts/${CONTACT}/messages?wait=x`)).status).toBe(400);
      expect((await bench.control('GET', '/contacts/abc/messages')).status).toBe(400);
    });
  });
});
