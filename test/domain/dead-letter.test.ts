import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readableReason } from '../../lambdas/domain/dead-letter.ts';
import { describePayload } from '../../lambdas/domain/dead-letter-payload.ts';
import { shapeOf, shapeOfText } from '../../lambdas/domain/payload-shape.ts';
import type { DeadLetter } from '../../lambdas/domain/tasks.ts';
import { toDeadLetterInFull } from '../../lambdas/domain/twilio-dead-letter.ts';

const AT = '2026-03-01T12:00:00.000Z';
const [accountSid, senderSid, messageSid] = ['AC', 'XE', 'SM'].map((prefix) => prefix + 'a1'.repeat(16)) as [
  string,
  string,
  string,
];
const base64 = (text: string) => Buffer.from(text).toString('base64');
const received = { accountSid, senderSid, gatewayUrl: 'https://gateway.example', receivedAt: AT };

/** Letters of every kind in which each thing that nobody may see is the given text. */
const lettersWith = (text: string, number: string): Pick<DeadLetter, 'kind' | 'payload'>[] => [
  { kind: 'outbound', payload: { accountSid: text, senderSid: number, messageSid: text, validUntil: 1 } },
  { kind: 'outbound', payload: text },
  {
    kind: 'event',
    payload: {
      ...received,
      event: {
        type: 'message',
        channel: 'whatsapp',
        id: text,
        from: number,
        to: number,
        timestamp: AT,
        text,
        kind: text,
        media: [{ url: text, filename: text, contentType: text }],
        location: { latitude: 1, longitude: 2, label: text, address: text },
        button: { text, payload: text },
        contacts: [text, { [text]: text }],
        reaction: { messageId: text, emoji: text },
        replyTo: text,
        profileName: text,
        referral: { body: text },
        raw: { text: { body: text }, [number]: number, [`+${number}`]: [text] },
      },
    },
  },
  {
    kind: 'event',
    payload: {
      ...received,
      event: {
        type: 'status',
        channel: 'whatsapp',
        id: text,
        to: number,
        from: number,
        timestamp: AT,
        status: 'failed',
        error: { code: text, title: text, twilioCode: 63024 },
      },
    },
  },
  {
    kind: 'event',
    payload: { ...received, event: { type: 'deletion', channel: text, id: text, from: number, to: text } },
  },
  {
    kind: 'event',
    payload: { ...received, event: { type: 'account', channel: 'sms', name: text, detail: { a: text } } },
  },
  { kind: 'event', payload: { [`${text} `]: text, nested: [{ number, deep: { text } }] } },
  {
    kind: 'callback',
    payload: {
      kind: 'inbound',
      accountSid,
      messageSid,
      url: `https://user:${encodeURIComponent(text)}@customer.example/${encodeURIComponent(text)}?token=${encodeURIComponent(text)}`,
      method: 'POST',
      fallbackUrl: text,
      params: { Body: text, From: `whatsapp:+${number}`, MessageStatus: text, ErrorCode: text, [number]: text },
      idempotencyToken: text,
    },
  },
  { kind: 'callback', payload: [text, number] },
  { kind: 'webhook', payload: { ...received, method: 'POST', contentType: text, body: base64(text) } },
  {
    kind: 'webhook',
    payload: {
      ...received,
      method: 'POST',
      contentType: 'application/json',
      body: base64(JSON.stringify({ entry: [{ text, [`${text}?`]: number, list: [number, text] }] })),
    },
  },
];

describe('what is shown of a dead letter', () => {
  it('has no text, no token and no number of its payload, whatever these are', () => {
    // Long and odd enough to be nobody else's: a text `a` is in every word.
    const text = fc.string({ minLength: 3, maxLength: 40, unit: 'grapheme' }).map((some) => `§${some}§ ${some}`);
    const number = fc.bigInt({ min: 10n ** 9n, max: 10n ** 14n }).map(String);
    fc.assert(
      fc.property(text, number, (secret, contact) => {
        for (const letter of lettersWith(secret, contact)) {
          const whole: DeadLetter = {
            ...letter,
            reason: 'x',
            at: AT,
            accountSid: secret,
            senderSid: secret,
            messageSid: contact,
          };
          const shown = JSON.stringify(toDeadLetterInFull({ ...whole, sid: 'DL1' }, 'https://gateway.example'));
          expect(shown).not.toContain('§');
          expect(shown).not.toContain(encodeURIComponent('§'));
          expect(shown).not.toContain(base64(secret));
          expect(shown).not.toContain(contact.slice(0, -2));
        }
      }),
      { numRuns: 200 },
    );
  });

  it.each<[Pick<DeadLetter, 'kind' | 'payload'>, object]>([
    [
      { kind: 'outbound', payload: { accountSid, senderSid, messageSid, reply: true, validUntil: Date.parse(AT) } },
      { type: 'message', is_reply: true, valid_until: AT },
    ],
    [
      {
        kind: 'event',
        payload: {
          ...received,
          event: {
            type: 'message',
            channel: 'sms',
            id: '1',
            from: '15552223333',
            to: '15550001111',
            timestamp: AT,
            text: 'Hello',
            raw: {},
          },
        },
      },
      { type: 'message event', channel: 'sms', from: '…33', to: '…11', text_length: 5, media: 0, received_at: AT },
    ],
    [
      {
        kind: 'callback',
        payload: {
          kind: 'status',
          accountSid,
          messageSid,
          url: 'https://user:secret@customer.example/status?token=1',
          method: 'POST',
          params: { MessageStatus: 'failed', ErrorCode: '63024', To: 'whatsapp:+15552223333' },
          idempotencyToken: 't',
        },
      },
      {
        type: 'status callback',
        host: 'customer.example',
        fallback_host: null,
        status: 'failed',
        error_code: 63024,
        parameters: { MessageStatus: 'text (6)', ErrorCode: 'text (5)', To: 'text (21)' },
      },
    ],
    [
      {
        kind: 'webhook',
        payload: {
          ...received,
          method: 'POST',
          contentType: 'application/json; charset=utf-8',
          body: base64('{"a":[1,2]}'),
        },
      },
      { type: 'webhook', content_type: 'application/json', body: { a: ['number', 'and 1 more'] }, received_at: AT },
    ],
    [
      { kind: 'callback', payload: '{"a":"b"}' },
      { type: 'unreadable', bytes: 15, shape: { a: 'text (1)' } },
    ],
  ])('is what helps to judge it: %o', (letter, expected) => {
    expect(describePayload(letter)).toMatchObject(expected);
  });
});

describe('a shape', () => {
  it.each<[unknown, unknown]>([
    ['Hello', 'text (5)'],
    [null, 'null'],
    [true, 'boolean'],
    [[], []],
    [[{ a: 1 }], [{ a: 'number' }]],
    [
      { id: 'x', '15552223333': 1, 'Hello there': 2 },
      { id: 'text (1)', '…': '2 more' },
    ],
  ])('of %o is %o', (value, shape) => {
    expect(shapeOf(value)).toEqual(shape);
  });

  it('of what lies too deep or is too wide is cut', () => {
    const deep = Array.from({ length: 20 }).reduce<unknown>((inner) => ({ inner }), 'x');
    expect(JSON.stringify(shapeOf(deep)).match(/inner/g)).toHaveLength(8);
    const wide = Object.fromEntries(Array.from({ length: 60 }, (_, index) => [`key${index}`, 1]));
    expect(shapeOf(wide)).toMatchObject({ key0: 'number', '…': '10 more' });
  });

  it('of a text that is no JSON is its length', () => {
    expect(shapeOfText('<xml>')).toBe('text (5)');
  });
});

describe('a reason', () => {
  it.each([
    ['No message is known by the id in this read status.', undefined],
    ['The answer was 503.', undefined],
    ['(#131056) Pair rate limit', undefined],
    [`The message ${messageSid} does not exist.`, undefined],
    ['Recipient 15552223333 is unknown', 'Recipient …33 is unknown'],
    ['Recipient +1 (555) 222-3333 is unknown', 'Recipient …33 is unknown'],
    ['POST https://u:p@a.example/x?token=1 failed', 'POST a.example … failed'],
    ['Bad token EAAGm0PX4ZCpsBAKZCZBzF8vhQ2p9wYr1xx', 'Bad token …'],
    ['two\n  lines', 'two lines'],
    ['x '.repeat(200), `${'x '.repeat(150).slice(0, 299)}…`],
  ])('%j is kept fit to be shown', (reason, shown = reason) => {
    expect(readableReason(reason)).toBe(shown);
  });
});
