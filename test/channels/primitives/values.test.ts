import { describe, expect, it } from 'vitest';
import { addressKind } from '../../../lambdas/channels/primitives/addresses.ts';
import { contentTypeOf, filenameOf, isOfContentType } from '../../../lambdas/channels/primitives/content-type.ts';
import { statusesSchema, statusOf } from '../../../lambdas/channels/primitives/statuses.ts';
import { isoTime } from '../../../lambdas/channels/primitives/timestamp.ts';

describe('a phone number', () => {
  const kind = addressKind({ kind: 'e164', scheme: '' });

  it.each([
    ['+15551234567', '15551234567'],
    ['+1 (555) 123-4567', '15551234567'],
    ['+4915112345678', '4915112345678'],
    ['+1555', undefined],
    ['+155512345678901', undefined],
    ['15551234567', undefined],
    ['+0123456789', undefined],
    ['+1555123456a', undefined],
    ['', undefined],
  ])('%s is read as %s', (text, expected) => {
    expect(kind.parse(text)).toBe(expected);
  });

  it('is written with its plus', () => {
    expect(kind.format('15551234567')).toBe('+15551234567');
  });

  it.each([
    ['15551234567', '15551234567'],
    ['+1 555-123 4567', '15551234567'],
    ['US.13491208655302741918', 'US.13491208655302741918'],
  ])('from a provider, %s is %s', (text, expected) => {
    expect(kind.normalise(text)).toBe(expected);
  });
});

describe('a contact with a number or another id', () => {
  const kind = addressKind({ kind: 'e164', scheme: 'x:', or: '[A-Z]{2}\\.\\d+' });

  it.each([
    ['+15551234567', '15551234567', '+15551234567'],
    ['US.1349', 'US.1349', 'US.1349'],
    ['us.1349', undefined, undefined],
    ['US.1349x', undefined, undefined],
  ])('%s is read as %s, and written as %s', (text, read, written) => {
    expect(kind.parse(text)).toBe(read);
    expect(read && kind.format(read)).toBe(written);
  });
});

describe('a sender whose address is not like its contacts', () => {
  it.each([
    ['agent_x1@rbm.goog', 'sender', 'agent_x1@rbm.goog'],
    ['agent_x1@rbm.goog', 'contact', undefined],
    ['+15551234567', 'sender', '15551234567'],
    ['+15551234567', 'contact', '15551234567'],
    ['12345', 'contact', undefined],
    ['12345', 'sender', '12345'],
  ] as const)('%s of a %s is %s', (text, side, expected) => {
    const kind = addressKind({ kind: 'e164', scheme: 'x:', sender: { pattern: '[a-z_0-9]+(@rbm\\.goog)?' } });
    expect(kind.parse(text, side)).toBe(expected);
    // A short code is no number of a country.
    expect(expected && kind.format(expected)).toBe(expected && text);
  });

  it('has a pattern of its own where contacts have one', () => {
    const kind = addressKind({ kind: 'pattern', scheme: 'x:', pattern: 'o.{3}', sender: { pattern: 'gh_\\w+' } });
    expect([
      kind.parse('gh_demo', 'sender'),
      kind.parse('gh_demo'),
      kind.parse('oabc'),
      kind.parse('oabc', 'sender'),
    ]).toEqual(['gh_demo', undefined, 'oabc', undefined]);
  });
});

describe('an id of the provider', () => {
  const kind = addressKind({ kind: 'pattern', scheme: 'x:', pattern: 'U[0-9]+|C[0-9]+' });

  it.each([
    ['U123', 'U123'],
    ['C1', 'C1'],
    ['U123x', undefined],
    ['xU1', undefined],
  ])('%s is read as %s', (text, expected) => {
    expect(kind.parse(text)).toBe(expected);
  });
});

describe("a provider's word for a status", () => {
  const statuses = statusesSchema.parse({ DELIVRD: 'delivered', '3': 'read' });

  it.each([
    ['DELIVRD', statuses, 'delivered'],
    ['3', statuses, 'read'],
    ['delivrd', statuses, undefined],
    ['constructor', statuses, undefined],
    ['delivered', 'none', undefined],
  ] as const)('%s is %s', (word, given, expected) => {
    expect(statusOf(given, word)).toBe(expected);
  });

  it('stands for one of ours', () => {
    expect(statusesSchema.safeParse({ DELIVRD: 'arrived' }).success).toBe(false);
  });
});

describe("a provider's time", () => {
  it.each([
    ['1600112042', '2020-09-14T19:34:02.000Z'],
    [1600112042, '2020-09-14T19:34:02.000Z'],
    [1518774424438, '2018-02-16T09:47:04.438Z'],
    ['1518774424438', '2018-02-16T09:47:04.438Z'],
    ['2021-09-14 15:29:26+00:00', '2021-09-14T15:29:26.000Z'],
    ['2025-01-08T23:30:43.271279391Z', '2025-01-08T23:30:43.271Z'],
    ['2021-09-14T17:29:26+02:00', '2021-09-14T15:29:26.000Z'],
    ['4987034606158369000', undefined],
    ['soon', undefined],
    ['', undefined],
    [undefined, undefined],
    [{}, undefined],
  ])('%j is %s', (value, expected) => {
    expect(isoTime(value)).toBe(expected);
  });
});

describe('media behind a URL', () => {
  it.each([
    ['https://m.example/a.JPG', 'image/jpeg', 'a.JPG'],
    ['https://m.example/a.pdf?download=1.png#x', 'application/pdf', 'a.pdf'],
    ['https://m.example/my%20bill.pdf', 'application/pdf', 'my bill.pdf'],
    ['https://m.example/100%.pdf', 'application/pdf', '100%.pdf'],
    ['https://m.example/x', undefined, 'x'],
    ['https://m.example/', undefined, undefined],
    ['https://m.example/a.constructor', undefined, 'a.constructor'],
    ['no url', undefined, undefined],
  ])('%s is of type %s and called %s', (url, contentType, filename) => {
    expect(contentTypeOf(url)).toBe(contentType);
    expect(filenameOf(url)).toBe(filename);
  });

  it.each([
    ['image/png', ['image/*'], true],
    ['audio/ogg; codecs=opus', ['audio/ogg'], true],
    ['Image/PNG', ['image/png'], true],
    ['imagex/png', ['image/*'], false],
    ['image/png', ['image/jpeg'], false],
    [undefined, ['image/*'], false],
  ])('%s is one of %j: %s', (contentType, accepted, expected) => {
    expect(isOfContentType(contentType, accepted)).toBe(expected);
  });
});
