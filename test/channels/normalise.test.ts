import { describe, expect, it } from 'vitest';
import type { EventDraft } from '../../lambdas/channels/events.ts';
import { MalformedPayloadError, normaliseEvent } from '../../lambdas/channels/normalise.ts';
import { addressKind } from '../../lambdas/channels/primitives/addresses.ts';

const parts = {
  channel: 'x',
  address: addressKind({ kind: 'e164', scheme: 'x:' }),
  statuses: { landed: 'delivered', lost: 'undelivered' },
  twilioCode: (code: string) => (code === '7' ? 63003 : 63013),
} as const;
const RECEIVED_AT = Date.parse('2026-03-01T12:00:00Z');
const normalised = (type: EventDraft['type'], values: Record<string, unknown>, given: object = {}) =>
  normaliseEvent({ type, values, source: { source: true } }, '15550001111', { ...parts, ...given }, RECEIVED_AT);

const basic = { id: 'm1', from: '+1 555 222-3333', timestamp: 1600112042 };

describe('a message from a contact', () => {
  it('has texts for ids, an address as ours are, a time, and what it was made from', () => {
    expect(normalised('message', { ...basic, id: 17 })).toEqual({
      type: 'message',
      channel: 'x',
      id: '17',
      from: '15552223333',
      to: '15550001111',
      timestamp: '2020-09-14T19:34:02.000Z',
      raw: { source: true },
    });
  });

  it.each<[string, Record<string, unknown>, object]>([
    ['another sender, where the channel says so', { to: '+15550002222' }, { to: '15550002222' }],
    ['a number as its text', { text: 42 }, { text: '42' }],
    ['an empty text, which is one', { text: '' }, { text: '' }],
    ['one contact card as a list', { contacts: { name: 'Zoë' } }, { contacts: [{ name: 'Zoë' }] }],
    ['several as they are', { contacts: [{}, {}] }, { contacts: [{}, {}] }],
    ['a mark that is no boolean', { forwarded: 1 }, { forwarded: true }],
    ['what does not open the window', { opensWindow: false }, { opensWindow: false }],
    ['the id that it answers', { replyTo: 12 }, { replyTo: '12' }],
    ['one media item as a list, its id a text', { media: { id: 9 } }, { media: [{ id: '9' }] }],
    [
      'media that can be fetched, and no other',
      { media: [{ contentType: 'image/png' }, { url: 'https://m.example/1' }] },
      { media: [{ url: 'https://m.example/1' }] },
    ],
  ])('has %s', (_label, values, expected) => {
    expect(normalised('message', { ...basic, ...values })).toMatchObject(expected);
  });

  it('has the time of its reception where the channel says none, and says so', () => {
    expect(normalised('message', { ...basic, timestamp: undefined })).toMatchObject({
      timestamp: '2026-03-01T12:00:00.000Z',
      undated: true,
    });
    expect(normalised('message', basic)).not.toHaveProperty('undated');
  });

  it('has no media where none can be fetched', () => {
    expect(normalised('message', { ...basic, media: [{ contentType: 'image/png' }] })).toMatchObject({
      id: 'm1',
      media: undefined,
    });
  });

  it.each<[string, Record<string, unknown>]>([
    ['id', { ...basic, id: undefined }],
    ['id', { ...basic, id: { PRIVATE: 1 } }],
    ['from', { ...basic, from: undefined }],
    ['timestamp', { ...basic, timestamp: 'PRIVATE' }],
    ['location.latitude', { ...basic, location: { latitude: 'PRIVATE', longitude: 1 } }],
  ])('is malformed without a good %s, and the error quotes nothing', (key, values) => {
    const reading = () => normalised('message', values);
    expect(reading).toThrow(MalformedPayloadError);
    expect(reading).toThrow(`a message event lacks or has no valid ${key}`);
    expect(reading).not.toThrow('PRIVATE');
  });
});

describe('what became of a message', () => {
  const status = { id: 'm1', timestamp: '1600112042' };

  it.each<[string, Record<string, unknown>, object]>([
    ['our word for it', { status: 'landed' }, { id: 'm1', status: 'delivered' }],
    ['whom it went to and from', { status: 'landed', to: '+1555', from: '+1666' }, { to: '1555', from: '1666' }],
    [
      'a time instead of an id',
      { status: 'landed', before: 1518774424438 },
      { before: '2018-02-16T09:47:04.438Z', status: 'delivered' },
    ],
    [
      "Twilio's code for the provider's",
      { status: 'lost', error: { code: 7, title: 'No such nest' } },
      { status: 'undelivered', error: { code: '7', title: 'No such nest', twilioCode: 63003 } },
    ],
    [
      'another for what has no rule',
      { status: 'lost', error: { code: 8 } },
      { error: { code: '8', twilioCode: 63013 } },
    ],
  ])('is %s', (_label, values, expected) => {
    expect(normalised('status', { ...status, ...values })).toMatchObject({ type: 'status', ...expected });
  });

  it('has no error where the provider gives no code', () => {
    const event = normalised('status', { ...status, status: 'lost', error: { title: 'Storm' } });
    expect('error' in event ? event.error : undefined).toBeUndefined();
  });

  it.each([parts.statuses, 'none'] as const)('is news about the account in a word that %j has not', (statuses) => {
    expect(normalised('status', { ...status, status: 'constructor' }, { statuses })).toEqual({
      type: 'account',
      channel: 'x',
      name: 'status constructor',
      detail: { source: true },
    });
  });

  it.each([
    [{ timestamp: '1600112042' }, 'a status event has no status'],
    [{ status: 'landed' }, 'a status event lacks or has no valid timestamp'],
  ])('is malformed as %j: %s', (values, message) => {
    expect(() => normalised('status', values)).toThrow(message);
  });
});

describe('news about the account', () => {
  it.each([
    [{ name: 'quality' }, { name: 'quality', detail: null }],
    [
      { name: 'quality', detail: { grade: 'B' } },
      { name: 'quality', detail: { grade: 'B' } },
    ],
  ])('%j is %j', (values, expected) => {
    expect(normalised('account', values)).toEqual({ type: 'account', channel: 'x', ...expected });
  });

  it('needs its name', () => {
    expect(() => normalised('account', {})).toThrow('an account event lacks or has no valid name');
  });
});

describe('a message that was taken back', () => {
  it('is named by its id, its contact and whose it was', () => {
    expect(normalised('deletion', { id: 17, from: '+1 555 222-3333' })).toEqual({
      type: 'deletion',
      channel: 'x',
      id: '17',
      from: '15552223333',
      to: '15550001111',
    });
    expect(normalised('deletion', { id: 'm1', from: '15552223333', to: '+15550002222' })).toMatchObject({
      to: '15550002222',
    });
  });

  it.each([
    ['id', { from: '15552223333' }],
    ['from', { id: 'm1' }],
  ])('is malformed without its %s', (key, values) => {
    expect(() => normalised('deletion', values)).toThrow(
      new MalformedPayloadError(`a deletion event lacks or has no valid ${key}`),
    );
  });
});
