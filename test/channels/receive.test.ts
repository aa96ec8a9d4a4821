import { createHmac } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import type { ChannelSpec } from '../../lambdas/channels/spec.ts';
import type { WebhookRequest } from '../../lambdas/channels/types.ts';
import { pigeonWith } from './fixtures/pigeon.ts';

const sender = { address: 'Pffffffff', fields: { loft: 'east' }, secrets: { key: 'key', signing: 'sign' } };
const webhook = (given: Partial<WebhookRequest> = {}): WebhookRequest => ({
  method: 'POST',
  headers: {},
  query: {},
  body: '{"ping":true}',
  ...given,
});
const inboundWith = (changes: object, now?: () => number) =>
  pigeonWith((spec: ChannelSpec) => ({ inbound: { ...spec.inbound, handshake: undefined, ...changes } }), now);
const refused = { kind: 'refused', status: 403, reason: 'the signature is missing or wrong' };
const taken = { kind: 'events', events: [] };

describe('a signature over a part of the body', () => {
  const channel = inboundWith({
    signature: {
      scheme: 'hmac-sha512-base64',
      key: '{% sender.secrets.signing %}',
      header: 'X-Goog-Signature',
      over: '{% webhook.body.message.data %}',
      decode: 'base64',
    },
    payload: '{% $json($fromBase64(webhook.body.message.data)) %}',
    events: [
      {
        type: 'message',
        when: '{% payload.text %}',
        event: {
          id: '{% payload.messageId %}',
          from: '{% payload.senderPhoneNumber %}',
          timestamp: '{% payload.sendTime %}',
          text: '{% payload.text %}',
        },
      },
    ],
  });
  const rbm = { ...sender, secrets: { signing: 'SJENCPGJESMGUFPY' } };
  const data =
    'eyJzZW5kZXJQaG9uZU51bWJlciI6IisxNDE1NTU1MDEwMCIsIm1lc3NhZ2VJZCI6Ik1zZ0FCQzEiLCJzZW5kVGltZSI6IjIwMjYtMDEtMDJUMDM6MDQ6MDUuNjc4WiIsInRleHQiOiJIaSDinJMiLCJhZ2VudElkIjoiZGVtb19hZ2VudEByYm0uZ29vZyJ9';
  const signature = '1OWb0Xvc6ftOY4P5ulGLtIg0mQoHUMtuGpZ2zlfQLA9I9BniGkMRA5eV1HZiOIRJiBdeVN1uPo6gZDEW7WtTsA==';
  const signed = (body: unknown, given = signature) =>
    webhook({ headers: { 'x-goog-signature': given }, body: JSON.stringify(body) });

  it('is right as Google published it, and the payload is what was signed', async () => {
    const reading = await channel.receive(signed({ message: { data } }), rbm);
    expect(reading).toMatchObject({
      kind: 'events',
      events: [{ id: 'MsgABC1', from: '+14155550100', timestamp: '2026-01-02T03:04:05.678Z', text: 'Hi ✓' }],
    });
  });

  it.each([
    ['other data', { message: { data: Buffer.from('{"text":"x"}').toString('base64') } }, signature],
    ['no data', { message: {} }, signature],
    ['data that is no text', { message: { data: { x: 1 } } }, signature],
    [
      'the signature of the base64 text',
      { message: { data } },
      createHmac('sha512', 'SJENCPGJESMGUFPY').update(data).digest('base64'),
    ],
    ['the signature without its padding', { message: { data } }, signature.slice(0, -2)],
    ['the signature in another case', { message: { data } }, signature.toLowerCase()],
    ['no signature', { message: { data } }, ''],
  ])('is wrong with %s', async (_label, body, given) => {
    expect(await channel.receive(signed(body, given), rbm)).toEqual(refused);
  });

  it('is not there in a body that cannot be read', async () => {
    const body = `${JSON.stringify({ message: { data } })}}`;
    expect(await channel.receive(webhook({ headers: { 'x-goog-signature': signature }, body }), rbm)).toEqual(refused);
  });

  it('of something that is no payload leaves a payload that is malformed', async () => {
    const text = Buffer.from('not JSON').toString('base64');
    const given = createHmac('sha512', 'SJENCPGJESMGUFPY').update('not JSON').digest('base64');
    expect(await channel.receive(signed({ message: { data: text } }, given), rbm)).toEqual({
      kind: 'malformed',
      reason: 'the body holds no payload that can be read',
    });
  });
});

describe('a signature over sorted parts', () => {
  const AT = 1_700_000_000;
  let now = AT * 1000;
  const channel = inboundWith(
    {
      signature: {
        scheme: 'sorted-sha1',
        token: '{% sender.secrets.token %}',
        given: '{% webhook.query.signature %}',
        parts: ['{% webhook.query.timestamp %}', '{% webhook.query.nonce %}'],
        timestamp: '{% webhook.query.timestamp %}',
        maxAge: 300,
      },
    },
    () => now,
  );
  const wechat = { ...sender, secrets: { ...sender.secrets, token: 'omnitoken' } };
  const query = {
    signature: 'c44aad7ed84fe7004965e0036e41995744959c09',
    timestamp: String(AT),
    nonce: 'nonce123',
  };

  it('is right as WeChat published it', async () => {
    now = AT * 1000;
    expect(await channel.receive(webhook({ query }), wechat)).toEqual(taken);
  });

  it.each([
    ['five minutes later', 300, taken],
    ['later than that', 301, refused],
    ['before it was made, by a clock that is a little slow', -300, taken],
    ['long before it was made', -301, refused],
  ])('%s', async (_label, seconds, reading) => {
    now = (AT + seconds) * 1000;
    expect(await channel.receive(webhook({ query }), wechat)).toEqual(reading);
  });

  it.each([
    ['another nonce', { ...query, nonce: 'nonce124' }],
    ['another time', { ...query, timestamp: String(AT + 1) }],
    ['no nonce', { signature: query.signature, timestamp: query.timestamp }],
    ['an empty nonce', { ...query, nonce: '' }],
    ['no time', { signature: query.signature, nonce: query.nonce }],
    ['parts cut elsewhere', { ...query, timestamp: `${AT}n`, nonce: 'once123' }],
    ['no signature', { timestamp: query.timestamp, nonce: query.nonce }],
    ['a short signature', { ...query, signature: query.signature.slice(0, 39) }],
    ['a long signature', { ...query, signature: `${query.signature}0` }],
  ])('is wrong with %s', async (_label, given) => {
    now = AT * 1000;
    expect(await channel.receive(webhook({ query: given }), wechat)).toEqual(refused);
  });

  it('is wrong while the sender has no token', async () => {
    now = AT * 1000;
    expect(await channel.receive(webhook({ query }), { ...sender, secrets: { token: '' } })).toEqual(refused);
  });
});

describe('a shared secret', () => {
  const inHeader = inboundWith({
    signature: { scheme: 'shared-secret', header: 'X-Token', value: 'Bearer {% sender.secrets.signing %}' },
  });
  const inQuery = inboundWith({
    signature: { scheme: 'shared-secret', query: 'token', value: '{% sender.secrets.signing %}' },
  });

  it('is taken in a header or a query parameter', async () => {
    expect(await inHeader.receive(webhook({ headers: { 'x-token': 'Bearer sign' } }), sender)).toEqual(taken);
    expect(await inQuery.receive(webhook({ query: { token: 'sign' } }), sender)).toEqual(taken);
  });

  it.each(['', 'sig', 'sign ', 'Sign', 'Bearer sig', 'bearer sign', 'Bearer sign, Bearer sign', 'Bearer '])(
    'is not %j',
    async (given) => {
      expect(await inHeader.receive(webhook({ headers: { 'x-token': given } }), sender)).toEqual(refused);
      expect(await inQuery.receive(webhook({ query: { token: given } }), sender)).toEqual(refused);
    },
  );

  it.each([[{}], [{ signing: '' }]])('is nothing that could be said to a sender with %j', async (secrets) => {
    const bare = { ...sender, secrets };
    for (const given of ['', 'Bearer ', 'undefined', 'Bearer undefined']) {
      expect(await inQuery.receive(webhook({ query: { token: given } }), bare)).toEqual(refused);
      expect(await inHeader.receive(webhook({ headers: { 'x-token': given } }), bare)).toEqual(refused);
    }
  });
});

describe('a handshake', () => {
  const confirmed = pigeonWith((spec) => ({
    inbound: {
      ...spec.inbound,
      handshake: {
        when: '{% webhook.body.Type = "SubscriptionConfirmation" %}',
        signature: true,
        request: { url: '{% webhook.body.SubscribeURL %}', hosts: ['sns.*.amazonaws.com'] },
      },
    },
  }));
  const signed = (body: object) => {
    const text = JSON.stringify({ Type: 'SubscriptionConfirmation', ...body });
    const signature = createHmac('sha256', 'sign').update(text).digest('hex');
    return webhook({ headers: { 'x-pigeon-signature': `sha256=${signature}` }, body: text });
  };

  it('is confirmed at the address that the provider gives, and answered with nothing', async () => {
    const url = 'https://sns.us-east-1.amazonaws.com/?Action=ConfirmSubscription&Token=1';
    expect(await confirmed.receive(signed({ SubscribeURL: url }), sender)).toEqual({
      kind: 'handshake',
      answer: { status: 200, headers: {}, body: '' },
      confirm: { method: 'GET', url, headers: {} },
    });
  });

  it.each([
    'http://sns.us-east-1.amazonaws.com/',
    'https://sns.us-east-1.amazonaws.com.evil.example/',
    'https://evil.example/sns.us-east-1.amazonaws.com',
    'https://sns.us-east-1.amazonaws.com@evil.example/',
    'https://user@sns.us-east-1.amazonaws.com/',
    'https://sns.us-east-1.amazonaws.com:8443/',
    'https://sns.a.b.amazonaws.com/',
    'https://sns..amazonaws.com/',
    'https://xsns.us-east-1.amazonaws.com/',
    'https://169.254.169.254/',
    'file:///etc/passwd',
    'no URL',
    17,
    undefined,
  ])('is refused when it is to be confirmed at %s', async (SubscribeURL) => {
    expect(await confirmed.receive(signed({ SubscribeURL }), sender)).toMatchObject({ kind: 'refused', status: 403 });
  });

  it('that must be signed is refused without', async () => {
    const { body } = signed({ SubscribeURL: 'https://sns.us-east-1.amazonaws.com/' });
    expect(await confirmed.receive(webhook({ body }), sender)).toEqual(refused);
  });

  it('whose expression fails on a stranger’s payload is malformed, and no error of ours', async () => {
    const channel = inboundWith({ handshake: { when: '{% $number(webhook.body.x) = 1 %}' } });
    expect(await channel.receive(webhook({ body: '{"x":"PRIVATE"}' }), sender)).toMatchObject({ kind: 'malformed' });
  });

  it('is not given away while the sender has no token to expect', async () => {
    const check = { given: '{% webhook.query.token %}', expected: '{% sender.secrets.signing %}' };
    const channel = inboundWith({ handshake: { when: '{% webhook.method = "GET" %}', check } });
    for (const query of [{}, { token: '' }] as Record<string, string>[]) {
      const reading = await channel.receive(webhook({ method: 'GET', query }), { ...sender, secrets: { signing: '' } });
      expect(reading).toMatchObject({ kind: 'refused', status: 403 });
    }
  });
});

describe('what webhooks say', () => {
  const unsigned = { signature: { scheme: 'none' } };

  it('may be about all messages to a contact up to some time', async () => {
    const channel = inboundWith({
      ...unsigned,
      events: [
        {
          type: 'status',
          event: {
            from: '{% webhook.body.page %}',
            to: '{% webhook.body.user %}',
            before: '{% webhook.body.watermark %}',
            timestamp: '{% webhook.body.at %}',
            status: 'landed',
          },
        },
      ],
    });
    const body = '{"page":"P1","user":"P2","watermark":1760000000500,"at":1760000000600}';
    expect(await channel.receive(webhook({ body }), sender)).toEqual({
      kind: 'events',
      events: [
        {
          type: 'status',
          channel: 'pigeon',
          from: 'P1',
          to: 'P2',
          before: '2025-10-09T08:53:20.500Z',
          timestamp: '2025-10-09T08:53:20.600Z',
          status: 'delivered',
        },
      ],
    });
    expect([channel.hasWatermarks, channel.needsIdPointer]).toEqual([true, false]);
  });

  it('may not open the window', async () => {
    const event = { id: '1', from: 'P1', timestamp: '1700000000', opensWindow: false };
    const channel = inboundWith({ ...unsigned, events: [{ type: 'message', event }] });
    expect(await channel.receive(webhook(), sender)).toMatchObject({ events: [{ id: '1', opensWindow: false }] });
  });

  it('is answered with what the provider wants to hear', () => {
    expect(inboundWith({ answer: { body: 'success', contentType: 'text/plain' } }).webhookAnswer).toEqual({
      status: 200,
      headers: { 'Content-Type': 'text/plain' },
      body: 'success',
    });
    expect(inboundWith({}).webhookAnswer).toEqual({ status: 200, headers: {}, body: '' });
  });
});
