import { describe, expect, it } from 'vitest';
import { CONTACT, DEVICE, onBench, type Reply } from './bench.ts';

async function send(body: unknown, version = 'v2.45.1'): Promise<Reply> {
  let reply: Reply | undefined;
  await onBench({ version }, async (bench) => {
    await bench.connect();
    reply = await bench.device.call('POST', '/v1/messages', body);
  });
  if (reply === undefined) throw new Error('Nothing was answered.');
  return reply;
}

const to = CONTACT;
const link = 'https://example.com/file';
const language = { policy: 'deterministic', code: 'en_US' };
const template = { namespace: 'ns', name: 'hello_world', language };
const reply = (id: string, title = 'Yes') => ({ type: 'reply', reply: { id, title } });
const buttons = (...entries: unknown[]) => ({
  to,
  type: 'interactive',
  interactive: { type: 'button', body: { text: 'Well?' }, action: { buttons: entries } },
});
const list = (sections: unknown, extra = {}) => ({
  to,
  type: 'interactive',
  interactive: { type: 'list', body: { text: 'Pick' }, action: { button: 'Open', sections }, ...extra },
});
const rows = (count: number) =>
  Array.from({ length: count }, (_, index) => ({ id: `r${index}`, title: `Row ${index}` }));

describe('a message that is right', () => {
  it.each([
    ['text without a type', { to, text: { body: 'x' } }],
    ['text of 4096 characters that are not in the BMP', { to, type: 'text', text: { body: '😀'.repeat(4096) } }],
    [
      'text with all common fields',
      {
        to: '+1 (555) 222-3333',
        recipient_type: 'individual',
        preview_url: true,
        ttl: '60',
        context: { message_id: 'ABEGx' },
        biz_opaque_callback_data: 'SM1',
        text: { body: 'x' },
      },
    ],
    ['image by link', { to, type: 'image', image: { link, caption: 'c', provider: { name: 'p' } } }],
    ['video by link', { to, type: 'video', video: { link } }],
    ['audio by link', { to, type: 'audio', audio: { link } }],
    ['document by link', { to, type: 'document', document: { link, filename: 'a.pdf', caption: 'c' } }],
    ['sticker by link', { to, type: 'sticker', sticker: { link } }],
    [
      'location with numbers',
      { to, type: 'location', location: { latitude: 52.5, longitude: 13.4, name: 'n', address: 'a' } },
    ],
    ['location with strings', { to, type: 'location', location: { latitude: '52.5', longitude: '-13.4' } }],
    ['contacts', { to, type: 'contacts', contacts: [{ name: { formatted_name: 'Ann' }, phones: [{ phone: '1' }] }] }],
    ['template', { to, type: 'template', template }],
    [
      'template with every kind of parameter',
      {
        to,
        type: 'template',
        template: {
          ...template,
          components: [
            { type: 'header', parameters: [{ type: 'image', image: { link } }] },
            {
              type: 'body',
              parameters: [
                { type: 'currency', currency: { fallback_value: '1 €', code: 'EUR', amount_1000: 1000 } },
                { type: 'date_time', date_time: { fallback_value: 'today' } },
                { type: 'text', text: 'x' },
              ],
            },
            { type: 'button', sub_type: 'quick_reply', index: '0', parameters: [{ type: 'payload', payload: 'p' }] },
          ],
        },
      },
    ],
    ['three buttons', buttons(reply('1'), reply('2'), reply('3'))],
    [
      'a list',
      list([
        { title: 'A', rows: rows(5) },
        { title: 'B', rows: [{ id: 'x', title: 'X' }] },
      ]),
    ],
  ])('is accepted: %s', async (_, body) => {
    const { status, json } = await send(body);

    expect(json).toMatchObject({ messages: [{ id: expect.stringMatching(/^gBEG/) }], contacts: [{ wa_id: to }] });
    expect(status).toBe(201);
  });
});

describe('a message that is wrong', () => {
  it.each([
    ['no recipient', 1008, { text: { body: 'x' } }],
    ['a recipient that is no number', 1009, { to: 'Ann', text: { body: 'x' } }],
    ['a group', 1002, { to, recipient_type: 'group', text: { body: 'x' } }],
    ['itself as recipient', 1021, { to: DEVICE, text: { body: 'x' } }],
    ['an unknown type', 1009, { to, type: 'pigeon', pigeon: {} }],
    ['no object for its type', 1008, { to, type: 'image' }],
    ['no body', 1008, { to, type: 'text', text: {} }],
    ['an empty body', 1008, { to, type: 'text', text: { body: '' } }],
    ['a body that is no string', 1009, { to, type: 'text', text: { body: 7 } }],
    ['a text of 4097 characters', 1001, { to, text: { body: 'x'.repeat(4097) } }],
    ['a field of the Cloud API', 1010, { to, messaging_product: 'whatsapp', text: { body: 'x' } }],
    ['an unknown field inside', 1010, { to, text: { body: 'x', preview_url: true } }],
    ['the object of another type', 1010, { to, type: 'text', text: { body: 'x' }, image: { link } }],
    ['media without id or link', 1008, { to, type: 'image', image: { caption: 'x' } }],
    ['media with id and link', 1010, { to, type: 'image', image: { id: 'x', link } }],
    ['a link that is not http', 1009, { to, type: 'image', image: { link: 'ftp://example.com/x' } }],
    ['media that was never uploaded', 1009, { to, type: 'image', image: { id: 'f043afd0' } }],
    ['a caption on audio', 1010, { to, type: 'audio', audio: { link, caption: 'x' } }],
    ['a caption of 1025 characters', 1009, { to, type: 'image', image: { link, caption: 'x'.repeat(1025) } }],
    ['a latitude of 91', 1009, { to, type: 'location', location: { latitude: 91, longitude: 0 } }],
    ['a location without longitude', 1008, { to, type: 'location', location: { latitude: 1 } }],
    ['a card without a formatted name', 1008, { to, type: 'contacts', contacts: [{ name: { first_name: 'Ann' } }] }],
    ['no cards', 1009, { to, type: 'contacts', contacts: [] }],
    ['a template without namespace', 1008, { to, type: 'template', template: { name: 'x', language } }],
    [
      'a template without policy',
      1008,
      { to, type: 'template', template: { ...template, language: { code: 'en_US' } } },
    ],
    [
      'a template with the fallback policy',
      1009,
      { to, type: 'template', template: { ...template, language: { policy: 'fallback', code: 'en' } } },
    ],
    [
      'a parameter without its value',
      1008,
      {
        to,
        type: 'template',
        template: { ...template, components: [{ type: 'body', parameters: [{ type: 'text' }] }] },
      },
    ],
    [
      'a button component without index',
      1008,
      { to, type: 'template', template: { ...template, components: [{ type: 'button', sub_type: 'url' }] } },
    ],
    [
      'an index that is a number',
      1009,
      { to, type: 'template', template: { ...template, components: [{ type: 'button', sub_type: 'url', index: 0 }] } },
    ],
    ['hsm', 1009, { to, type: 'hsm', hsm: { namespace: 'n', element_name: 'hello_world', language } }],
    ['four buttons', 1009, buttons(reply('1'), reply('2'), reply('3'), reply('4'))],
    ['no buttons', 1009, buttons()],
    ['two buttons with one id', 1009, buttons(reply('1'), reply('1'))],
    ['an emoji in a button', 1009, buttons(reply('1', 'Yes 👍'))],
    ['a button title of 21 characters', 1009, buttons(reply('1', 'x'.repeat(21)))],
    ['no sections', 2015, list([])],
    ['eleven sections', 2015, list(rows(11).map((row) => ({ title: 'S', rows: [row] })))],
    ['two sections without titles', 1008, list([{ rows: rows(1) }, { rows: [{ id: 'x', title: 'X' }] }])],
    ['eleven rows', 2016, list([{ rows: rows(11) }])],
    ['a list with an image header', 2036, list([{ rows: rows(1) }], { header: { type: 'image', image: { link } } })],
    [
      'a list without a label',
      1008,
      {
        to,
        type: 'interactive',
        interactive: { type: 'list', body: { text: 'x' }, action: { sections: [{ rows: rows(1) }] } },
      },
    ],
    ['an array as body', 1009, []],
  ])('is refused for %s with %i', async (_, code, body) => {
    const { status, json } = await send(body);

    expect(json).toMatchObject({ errors: [{ code }], meta: { api_status: 'stable', version: 'v2.45.1' } });
    expect(status).toBe(400);
  });

  it('is refused when it is not JSON', async () => {
    const { status, json } = await send('{"to":');

    expect(status).toBe(400);
    expect(json).toMatchObject({ errors: [{ code: 1025, title: 'Invalid Request' }] });
  });

  it('leaves nothing behind', async () => {
    await onBench({}, async (bench) => {
      await bench.connect();
      await bench.device.call('POST', '/v1/messages', { to, type: 'image', image: {} });
      await bench.advance(10_000);

      expect(bench.receiver.received).toEqual([]);
      expect(await bench.phone()).toHaveLength(1);
    });
  });
});

describe('what depends on the version', () => {
  const hsm = {
    to,
    type: 'hsm',
    hsm: { namespace: 'n', element_name: 'one_time_code', language, localizable_params: [{ default: '7' }] },
  };

  it.each([
    ['hsm in v2.37.2', 'v2.37.2', hsm, 201],
    ['hsm in v2.39.1', 'v2.39.1', hsm, 400],
    ['interactive in v2.35.1', 'v2.35.1', buttons(reply('1')), 400],
    ['interactive in v2.35.2', 'v2.35.2', buttons(reply('1')), 201],
  ])('%s', async (_, version, body, expected) => {
    expect((await send(body, version)).status).toBe(expected);
  });

  it.each([
    ['v2.37.2', 404],
    ['v2.39.1', 201],
  ])('a send to a contact who was never checked, in %s', async (version, expected) => {
    const { status, json } = await send({ to: '15557778888', text: { body: 'x' } }, version);

    expect(status).toBe(expected);
    if (expected === 404) expect(json).toMatchObject({ errors: [{ code: 1006, details: 'unknown contact' }] });
  });

  it('shows an hsm as the template that it names', async () => {
    await onBench({ version: 'v2.37.2' }, async (bench) => {
      await bench.connect();
      await bench.device.call('POST', '/v1/messages', hsm);
      await bench.advance(1000);

      expect((await bench.phone()).at(-1)).toMatchObject({ type: 'hsm', text: 'Your code is 7.' });
    });
  });
});

describe('the settings of a device', () => {
  it('must hold a webhook URL before it sends', async () => {
    await onBench({}, async (bench) => {
      await bench.device.enter();
      const { json } = await bench.device.call('POST', '/v1/messages', { to, text: { body: 'x' } });

      expect(json).toMatchObject({ errors: [{ code: 1022, title: 'Webhooks URL is not configured' }] });
    });
  });

  it('decide which template namespace is its own', async () => {
    await onBench({ templateNamespace: 'mine' }, async (bench) => {
      await bench.connect();
      const foreign = await bench.device.call('POST', '/v1/messages', { to, type: 'template', template });
      const own = { ...template, namespace: 'mine' };

      expect(foreign.json).toMatchObject({ errors: [{ code: 1009 }] });
      expect((await bench.device.call('POST', '/v1/messages', { to, type: 'template', template: own })).status).toBe(
        201,
      );
    });
  });
});
