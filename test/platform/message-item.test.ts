import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Message, TimelineEntry } from '../../lambdas/domain/message.ts';
import { newSid } from '../../lambdas/domain/sid.ts';
import { fromAttributes, fromItem, toAttributes, toItem } from '../../lambdas/platform/stores/message-item.ts';
import { messageKey } from '../../lambdas/platform/table.ts';

const NOW = Date.parse('2026-03-01T12:00:00.123Z');
const iso = (ms: number) => new Date(ms).toISOString();
const ACCOUNT = newSid('AC', NOW);
const entry = (event: string, by: TimelineEntry['by'], ms: number): TimelineEntry => ({ at: iso(NOW + ms), event, by });
const TIMELINE = [
  entry('queued', 'api', 0),
  entry('sending', 'deliver', 200),
  entry('sent', 'deliver', 500),
  entry('delivered', 'channel', 1_500),
  entry('read', 'channel', 60_000),
];

/** A message at the end of its way, as long as they usually are. */
const message = (changed: Partial<Message> = {}): Message => {
  const timeline = changed.timeline ?? TIMELINE;
  return {
    sid: newSid('SM', NOW),
    accountSid: ACCOUNT,
    senderSid: newSid('XE', NOW),
    channel: 'whatsapp-cloud',
    direction: 'outbound-api',
    from: '15550001111',
    to: '15552223333',
    body: 'Hello',
    media: [],
    status: 'read',
    statusCallback: 'https://app.customer.example/twilio/status',
    dateSent: iso(NOW + 500),
    validUntil: iso(NOW + 36_000_000),
    windowUntil: NOW + 80_000_000,
    attempt: 1,
    leaseUntil: NOW + 30_000.123,
    channelMessageIds: ['wamid.HBgLMTU1NTIyMjMzMzMVAgARGBI5QTNDQTVCM0Q0Q0Q2RTY3RTcA'],
    ...changed,
    timeline,
    dateCreated: timeline.at(0)?.at ?? '',
    dateUpdated: timeline.at(-1)?.at ?? '',
  };
};
const stored = (one: Message) => ({ ...messageKey(one.accountSid, one.sid), ...toItem(one) });

describe('a stored message', () => {
  it.each<[string, Message]>([
    ['at the end of its way', message()],
    ['that has just come', message({ timeline: TIMELINE.slice(0, 1), status: 'queued', channelMessageIds: [] })],
    ['with media', message({ media: [{ url: 'https://media.example/a.jpg', contentType: 'image/jpeg' }] })],
    ['for later', message({ sendAt: iso(NOW + 3_600_000), status: 'scheduled' })],
    ['whose place was taken back', message({ location: null })],
  ])('%s is read as it was written', (_label, one) => {
    expect(fromItem(stored(one))).toEqual(one);
  });

  it('keeps every entry of its timeline, whatever its facts', () => {
    const instant = fc.integer({ min: 0, max: 2 ** 42 }).map(iso);
    const entries = fc.array(
      fc.record(
        {
          at: instant,
          event: fc.stringMatching(/^[a-z-]{1,12}$/),
          by: fc.constantFrom('api', 'deliver', 'channel', 'notify', 'sweep'),
          detail: fc.dictionary(fc.stringMatching(/^[a-zA-Z]{1,9}$/), fc.oneof(fc.string(), fc.integer()), {
            minKeys: 1,
          }),
        },
        { requiredKeys: ['at', 'event', 'by'] },
      ),
      { minLength: 1 },
    );
    fc.assert(
      fc.property(entries, (timeline) => {
        const one = message({ timeline: timeline.map((each) => ({ ...each })) });
        expect(fromItem(stored(one))).toEqual(one);
      }),
    );
  });

  it('fits into one write unit, until it was read, with a text of 430 letters', () => {
    expect(sizeOf(stored(message({ body: 'x'.repeat(430) })))).toBeLessThanOrEqual(1_024);
    expect(sizeOf(stored(message({ body: '' })))).toBeLessThan(600);
  });

  it('is changed in the form that it is stored in', () => {
    const changes = { dateSent: iso(NOW), status: 'sent', errorCode: undefined } as const;
    expect(toAttributes(changes as Partial<Message>)).toEqual({ dateSent: NOW, status: 'sent', errorCode: undefined });
    const { pk } = messageKey(ACCOUNT, newSid('SM', NOW));
    expect(fromAttributes({ pk, validUntil: NOW })).toMatchObject({ accountSid: ACCOUNT, validUntil: iso(NOW) });
  });
});

/** What DynamoDB counts of an item, in bytes: names and values; a number takes a byte for two digits, and one more. */
function sizeOf(value: unknown): number {
  if (typeof value === 'string') return Buffer.byteLength(value);
  if (typeof value === 'number') return Math.ceil(String(value).replace('.', '').length / 2) + 1;
  if (Array.isArray(value)) return 3 + value.reduce((sum: number, one) => sum + 1 + sizeOf(one), 0);
  if (typeof value !== 'object' || value === null) return 1;
  return Object.entries(value).reduce((sum, [name, one]) => sum + Buffer.byteLength(name) + sizeOf(one), 0);
}
