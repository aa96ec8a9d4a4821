import { createHmac } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { compileChannel } from '../../lambdas/channels/compile.ts';
import { createTemplateCompiler } from '../../lambdas/channels/expressions/checked.ts';
import { MissingValueError } from '../../lambdas/channels/http/request.ts';
import { readSpec } from '../../lambdas/channels/read-yaml.ts';
import { type OutboundMessage, UnsupportedMessageError, type WebhookRequest } from '../../lambdas/channels/types.ts';
import { pigeonSpec, pigeonWith } from './fixtures/pigeon.ts';

// A fictional provider that has what the first real channel has not.
const { spec, channel } = readSpec(fileURLToPath(new URL('fixtures/pigeon.yaml', import.meta.url)));
const sender = { address: 'Pffffffff', fields: { loft: 'east end' }, secrets: { key: 'k&y', signing: 'sign' } };
const message: OutboundMessage = {
  sid: 'SM1',
  accountSid: 'AC1',
  channel: 'pigeon',
  from: 'Pffffffff',
  to: 'P00000001',
};

describe('a compiled channel', () => {
  it('says what callers need to know', () => {
    const { name, limits, window, inDoubt, validityPeriod, needsIdPointer, login, download, registration } = channel;
    expect({ name, limits, window, inDoubt, validityPeriod, needsIdPointer, login, download, registration }).toEqual({
      name: 'pigeon',
      limits: { textLength: 20, rate: { perSecond: 1.5, burst: 1 } },
      window: undefined,
      inDoubt: { wait: 0, resend: false },
      validityPeriod: 36000,
      needsIdPointer: false,
      login: undefined,
      download: undefined,
      registration: {
        fields: { loft: { description: "The loft's name", required: true } },
        secrets: {
          key: { description: 'The API key', required: true },
          signing: { description: 'The key that signs webhooks', required: true },
          token: expect.objectContaining({ description: 'The token of the handshake', required: false }),
        },
        setsWebhook: false,
      },
    });
    expect(channel.address.format('P00000001')).toBe('pigeon:P00000001');
    expect(channel.address.parse('P00000001x')).toBeUndefined();
  });

  it.each([
    ['hours alone', { hours: 24 }, { hours: 24, errorCode: 63016, outside: ['template'] }],
    ['a count of messages', { hours: 48, count: 5 }, { hours: 48, count: 5 }],
    [
      'nothing outside it, and a code of its own',
      { hours: 1, outside: [], errorCode: 63024 },
      { outside: [], errorCode: 63024 },
    ],
  ])('has a window of %s', (_label, window, expected) => {
    expect(pigeonWith(() => ({ window })).window).toMatchObject(expected);
  });

  it.each([
    ['what it is given', { host: 'https://given.example/v1', note: 'n' }, 'https://given.example/v1/n'],
    [
      'base URLs without slashes at their end',
      { host: 'https://given.example//', note: 'n' },
      'https://given.example/n',
    ],
    ['the default, where it is not given', { note: 'n' }, 'https://default.example/n'],
  ])('uses of a sender %s', async (_label, fields, url) => {
    const host = { description: 'd', format: 'url', default: 'https://default.example/' };
    const { connect } = pigeonWith((given) => ({
      registration: {
        ...given.registration,
        fields: { host, note: { description: 'd' }, loft: { description: 'd' } },
        connect: [
          { method: 'PUT', url: '{% sender.fields.host %}/{% sender.fields.note %}', body: '{% webhook.url %}' },
        ],
      },
    }));
    const [request] = await connect({ ...sender, fields }, 'https://gateway.example/webhooks/x');
    expect(request).toMatchObject({
      method: 'PUT',
      url: `${url}?key=k%26y`,
      body: '"https://gateway.example/webhooks/x"',
    });
  });
});

describe('a spec', () => {
  const withField = (field: string) => ({
    limits: {
      ...pigeonSpec.limits,
      rate: { perSecond: 1, burst: 1, by: { field, rates: { fast: { perSecond: 9, burst: 9 } } } },
    },
  });
  // biome-ignore lint/suspicious/noThenProperty: a key of specs.
  const waiting = { outbound: { ...pigeonSpec.outbound, inDoubt: { wait: 30, then: 'resend' } } };
  const byTheirId = {
    id: '{% webhook.body.id %}',
    status: '{% webhook.body.status %}',
    timestamp: '{% webhook.body.at %}',
  };
  const unknownSid = { inbound: { ...pigeonSpec.inbound, events: [{ type: 'status', event: byTheirId }] } };

  it('may say how fast a sender is by one of its fields', () => {
    expect(pigeonWith(() => withField('loft')).limits.rate.by).toEqual({
      field: 'loft',
      rates: { fast: { perSecond: 9, burst: 9 } },
    });
  });

  it('says so by a field that senders have', () => {
    expect(() => pigeonWith(() => withField('shards'))).toThrow('there is no field "shards"; there are loft');
  });

  it('may wait for a status when it is in doubt, where one comes back by our SID', () => {
    expect(pigeonWith(() => waiting).inDoubt).toEqual({ wait: 30, resend: true });
    expect(() => pigeonWith(() => ({ ...waiting, ...unknownSid }))).toThrow('no status of this channel names our SID');
  });
});

describe('rendering', () => {
  it('writes a form, with query parameters, headers and the key, one request for each piece of text', async () => {
    const requests = await channel.render({ ...message, body: 'coo & coo, says a dove', replyTo: 'x y' }, sender);
    expect(requests).toEqual([
      {
        method: 'POST',
        url: 'https://api.pigeon.example/east%20end/fly?reply=x+y&v=2&key=k%26y',
        headers: { 'X-Message': 'SM1-0', 'Content-Type': 'application/x-www-form-urlencoded' },
        body: 'to=P00000001&text=coo+%26+coo%2C+says+a+',
      },
      {
        method: 'POST',
        url: 'https://api.pigeon.example/east%20end/fly?reply=x+y&v=2&key=k%26y',
        headers: { 'X-Message': 'SM1-1', 'Content-Type': 'application/x-www-form-urlencoded' },
        body: 'to=P00000001&text=dove',
      },
    ]);
  });

  it('writes a multipart form without a content type, whose boundary the HTTP client chooses', async () => {
    const [request] = await channel.render({ ...message, media: [{ url: 'https://m.example/a.png' }] }, sender);
    expect(request).toEqual({
      method: 'PUT',
      url: 'https://api.pigeon.example/east%20end/fly?v=2&key=k%26y',
      headers: { 'X-Message': 'SM1-0' },
      body: [
        { name: 'to', value: 'P00000001' },
        { name: 'picture', value: 'https://m.example/a.png' },
        { name: 'size', value: '{"big":true}' },
      ],
    });
  });

  it('writes XML, and lays a case over what all have in common', async () => {
    const location = { latitude: 1, longitude: 2, label: 'Roof' };
    const [request] = await channel.render({ ...message, location }, sender);
    expect(request?.url).toBe('https://api.pigeon.example/place?v=2&key=k%26y');
    expect(request?.body).toBe('<to>P00000001</to><place><name>Roof</name></place>');
  });

  it.each([
    [
      'media of another type',
      { media: [{ url: 'https://m.example/a.mp3' }] },
      'pigeon cannot send media of type audio/mpeg',
    ],
    [
      'media of a type that nobody knows',
      { media: [{ url: 'https://m.example/a' }] },
      'pigeon cannot send media of type unknown',
    ],
    [
      'a kind whose condition does not hold',
      { location: { latitude: 1, longitude: 2 } },
      'pigeon cannot send a location',
    ],
    [
      'a kind without a case',
      { template: { name: 't', language: 'en', parameters: [] } },
      'pigeon cannot send a template',
    ],
    ['nothing', {}, 'there is nothing to send'],
  ])('refuses %s', async (_label, content, reason) => {
    const rendering = channel.render({ ...message, ...content }, sender);
    await expect(rendering).rejects.toThrow(UnsupportedMessageError);
    await expect(rendering).rejects.toThrow(reason);
  });

  it('says which hole of a URL a sender leaves empty', async () => {
    const rendering = channel.render({ ...message, body: 'coo' }, { ...sender, fields: {} });
    await expect(rendering).rejects.toThrow(MissingValueError);
    await expect(rendering).rejects.toThrow('{% sender.fields.loft %}');
  });

  it('takes an expression that fails on a message as a refusal, without quoting the message', async () => {
    const failing = structuredClone(spec);
    failing.outbound.cases[0] = { kind: 'text', body: { text: '{% $number(text) %}' } };
    const rendering = compileChannel(failing, createTemplateCompiler([])).render(
      { ...message, body: 'private' },
      sender,
    );
    await expect(rendering).rejects.toThrow(UnsupportedMessageError);
    await expect(rendering).rejects.not.toThrow('private');
  });
});

describe('interpreting', () => {
  it.each([
    [
      'an id beyond 2^53 is kept exactly',
      200,
      '{"status":0,"token":4912661846655238145}',
      { outcome: 'accepted', id: '4912661846655238145' },
    ],
    ['a code may mean success', 200, '{"status":0,"token":"t"}', { outcome: 'accepted', id: 't' }],
    [
      'a rule may be about a code with a status',
      200,
      '{"status":7}',
      { outcome: 'failed', class: 'recipient', twilioCode: 63003, code: '7', scope: 'contact' },
    ],
    [
      'the next rule is asked when the status is another',
      400,
      '{"status":7}',
      { outcome: 'failed', class: 'permanent', twilioCode: 63013, code: '7', scope: 'contact' },
    ],
    [
      'a rule may be a condition',
      400,
      '{"note":"out of quota"}',
      { outcome: 'failed', class: 'permanent', twilioCode: 63018, scope: 'sender' },
    ],
    [
      'a condition that fails does not hold',
      400,
      '{"note":17}',
      { outcome: 'failed', class: 'permanent', twilioCode: 63005, scope: 'contact' },
    ],
    [
      'a redirect is no success',
      302,
      '',
      { outcome: 'failed', class: 'permanent', twilioCode: 63008, scope: 'contact' },
    ],
    [
      "a rate limit is the whole sender's",
      429,
      '',
      { outcome: 'failed', class: 'rate-limited', twilioCode: 63018, scope: 'sender' },
    ],
  ])('%s', async (_label, status, body, outcome) => {
    expect(await channel.interpret({ status, headers: {}, body })).toEqual(outcome);
  });

  it.each([
    ['30', undefined, 30],
    ['Wed, 21 Oct 2026 07:28:10 GMT', 'Wed, 21 Oct 2026 07:28:00 GMT', 10],
    ['Wed, 21 Oct 2026 07:27:00 GMT', 'Wed, 21 Oct 2026 07:28:00 GMT', 0],
    ['Wed, 21 Oct 2026 07:28:10 GMT', undefined, undefined],
    ['soon', undefined, undefined],
  ])('Retry-After %s at %s is %s seconds', async (retryAfter, date, seconds) => {
    const headers = { 'retry-after': retryAfter, ...(date && { date }) };
    const outcome = await channel.interpret({ status: 503, headers, body: '' });
    expect(outcome).toMatchObject({ class: 'retry' });
    expect('retryAfter' in outcome ? outcome.retryAfter : undefined).toBe(seconds);
  });
});

describe('receiving', () => {
  const signed = (body: string, key = 'sign'): WebhookRequest => ({
    method: 'POST',
    headers: { 'x-pigeon-signature': `sha256=${createHmac('sha256', key).update(body).digest('hex')}` },
    query: {},
    body,
  });
  const greeting = (token: string): WebhookRequest => ({
    method: 'GET',
    headers: {},
    query: { 'loft.token': token, echo: '12345' },
    body: '',
  });

  it('goes through lists within lists, and passes over elements whose condition does not hold', async () => {
    const body = JSON.stringify({
      flocks: [
        { loft: 'P000000aa', birds: [{ id: 1, from: 'P00000001', at: 1518774424438, note: 'coo' }, { id: 2 }] },
        { loft: 'P000000bb', birds: [] },
        { loft: 'P000000cc', birds: [{ id: 3, from: 'P00000002', at: '1518774424', note: 'Zoë ✓' }] },
      ],
      landings: [
        { tag: 'SM1', at: 1518774424438, state: 'landed' },
        { tag: 'SM2', at: 1518774424438, state: 'lost' },
      ],
    });
    expect(await channel.receive(signed(body), sender)).toEqual({
      kind: 'events',
      events: [
        {
          type: 'message',
          channel: 'pigeon',
          id: '1',
          from: 'P00000001',
          to: 'P000000aa',
          timestamp: '2018-02-16T09:47:04.438Z',
          text: 'coo',
          raw: { id: 1, from: 'P00000001', at: 1518774424438, note: 'coo' },
        },
        {
          type: 'message',
          channel: 'pigeon',
          id: '3',
          from: 'P00000002',
          to: 'P000000cc',
          timestamp: '2018-02-16T09:47:04.000Z',
          text: 'Zoë ✓',
          raw: { id: 3, from: 'P00000002', at: '1518774424', note: 'Zoë ✓' },
        },
        { type: 'status', channel: 'pigeon', sid: 'SM1', timestamp: '2018-02-16T09:47:04.438Z', status: 'delivered' },
        { type: 'status', channel: 'pigeon', sid: 'SM2', timestamp: '2018-02-16T09:47:04.438Z', status: 'undelivered' },
      ],
    });
  });

  it.each([
    ['what a spec ignores makes no event', '{"ping":true}', { kind: 'events', events: [] }],
    ['lists with nothing in them make none either', '{"flocks":[]}', { kind: 'events', events: [] }],
    [
      'what a spec does not know is malformed',
      '{"pong":true}',
      { kind: 'malformed', reason: 'the body holds nothing that the channel is known to send' },
    ],
    [
      'an event without its id is malformed',
      '{"flocks":[{"birds":[{"note":"x","from":"P1","at":1}]}]}',
      { kind: 'malformed', reason: 'a message event lacks or has no valid id' },
    ],
  ])('%s', async (_label, body, reading) => {
    expect(await channel.receive(signed(body), sender)).toEqual(reading);
  });

  it.each([
    ['no signature', { ...signed('{"ping":true}'), headers: {} }],
    ['a signature by another key', signed('{"ping":true}', 'other')],
    ['the signature of another body', { ...signed('{"ping":true}'), body: '{"ping":1}' }],
    [
      'a signature without its prefix',
      { ...signed('{}'), headers: { 'x-pigeon-signature': createHmac('sha256', 'sign').update('{}').digest('hex') } },
    ],
    ['an empty signature', { ...signed('{}'), headers: { 'x-pigeon-signature': 'sha256=' } }],
  ])('refuses %s and does not say what it expected', async (_label, webhook) => {
    expect(await channel.receive(webhook, sender)).toEqual({
      kind: 'refused',
      status: 403,
      reason: 'the signature is missing or wrong',
    });
  });

  it('refuses every signature while the sender has no key', async () => {
    const keyless = { ...sender, secrets: { key: 'k' } };
    expect(await channel.receive(signed('{"ping":true}', ''), keyless)).toMatchObject({ kind: 'refused' });
  });

  it('does not ask for a signature where there is no sender to have signed', async () => {
    const webhook = { ...signed('{"ping":true}'), headers: {} };
    expect(await channel.receive(webhook, undefined)).toEqual({ kind: 'events', events: [] });
  });

  it('answers a handshake whose token is right, here a default', async () => {
    expect(await channel.receive(greeting('coo'), sender)).toEqual({
      kind: 'handshake',
      answer: { status: 200, headers: { 'Content-Type': 'text/plain' }, body: '12345' },
    });
  });

  it.each(['', 'co', 'COO', 'coo '])('refuses a handshake with the token %j', async (token) => {
    expect(await channel.receive(greeting(token), sender)).toEqual({
      kind: 'refused',
      status: 403,
      reason: "the handshake's token is wrong",
    });
  });
});
