import { expect, it } from 'vitest';
import { statusCallback, statusCallbacks } from '../../lambdas/domain/callback.ts';
import { type Message, messageSchema, type TimelineEntry } from '../../lambdas/domain/message.ts';

const TEXTS = { scheme: '', format: (address: string) => `+${address}` };
const WHATSAPP = { scheme: 'whatsapp:', format: (address: string) => `whatsapp:+${address}` };
const sender = { sid: 'XE1', webhook: { callbackMethod: 'POST' as const, fallbackMethod: 'POST' as const } };

const message = (changes: Partial<Message>): Message =>
  messageSchema.parse({
    sid: 'SM1',
    accountSid: 'AC1',
    senderSid: 'XE1',
    channel: 'any',
    direction: 'outbound-api',
    from: '15550001111',
    to: '15552223333',
    status: 'sent',
    statusCallback: 'https://shop.example/status',
    dateCreated: '2026-03-01T11:59:58.123Z',
    dateUpdated: '2026-03-01T12:34:56.789Z',
    timeline: [],
    ...changes,
  });

const ALWAYS = ['AccountSid', 'ApiVersion', 'From', 'MessageSid', 'MessageStatus', 'SmsSid', 'SmsStatus', 'To'];
const CHANNEL = ['ChannelInstallSid', 'ChannelPrefix', 'ChannelToAddress', 'StructuredMessage'];
const FAILURE = { errorCode: 30005, errorMessage: 'Unknown destination handset' };

it.each<[string, typeof TEXTS, Partial<Message>, string[]]>([
  ['a text that was sent', TEXTS, { status: 'sent' }, []],
  ['a text that arrived', TEXTS, { status: 'delivered' }, ['RawDlrDoneDate']],
  [
    'a text that did not',
    TEXTS,
    { status: 'undelivered', ...FAILURE },
    ['ErrorCode', 'ErrorMessage', 'RawDlrDoneDate'],
  ],
  ['a message on a channel', WHATSAPP, { status: 'delivered' }, CHANNEL],
  ['one that was read', WHATSAPP, { status: 'read' }, [...CHANNEL, 'EventType']],
  [
    'one that failed',
    WHATSAPP,
    { status: 'failed', ...FAILURE },
    [...CHANNEL, 'ChannelStatusMessage', 'ErrorCode', 'ErrorMessage'],
  ],
])('the callback of %s says what Twilio’s says', (_, address, changes, more) => {
  const params = statusCallback(message(changes), sender, address)?.params ?? {};
  expect(Object.keys(params).toSorted()).toEqual([...ALWAYS, ...more].toSorted());
});

it('a text is said to have arrived to the minute, in UTC', () => {
  const params = statusCallback(message({ status: 'delivered' }), sender, TEXTS)?.params;
  expect(params?.['RawDlrDoneDate']).toBe('2603011234');
});

const NOON = Date.parse('2026-03-01T12:00:00.000Z');
const at = (seconds: number, event: string): TimelineEntry => ({
  at: new Date(NOON + seconds * 1_000).toISOString(),
  event,
  by: 'channel',
});

it.each<[string, Partial<Message>, string[]]>([
  ['nothing before the first', { status: 'sent', timeline: [at(0, 'queued'), at(1, 'sent')] }, ['sent']],
  [
    'a young one that another function wrote',
    { status: 'delivered', timeline: [at(1, 'sent'), at(2, 'delivered')] },
    ['sent', 'delivered'],
  ],
  [
    'all that are young, in order',
    { status: 'read', timeline: [at(1, 'sent'), at(2, 'delivered'), at(3, 'read')] },
    ['sent', 'delivered', 'read'],
  ],
  [
    'none that was known only after a later one',
    { status: 'read', timeline: [at(1, 'delivered'), at(2, 'sent'), at(3, 'read')] },
    ['delivered', 'read'],
  ],
  ['none that is old', { status: 'read', timeline: [at(-61, 'sent'), at(2, 'delivered')] }, ['delivered', 'read']],
  ['none that never was', { status: 'read', timeline: [at(3, 'read')] }, ['read']],
  [
    'what a failure follows',
    { status: 'failed', ...FAILURE, timeline: [at(1, 'sent'), at(2, 'failed')] },
    ['sent', 'failed'],
  ],
])('before a status its function queues %s', (_, changes, statuses) => {
  const tasks = statusCallbacks(message(changes), sender, WHATSAPP, NOON);
  expect(tasks.map(({ params }) => params['MessageStatus'])).toEqual(statuses);
  // Only the failure itself says why.
  expect(tasks.slice(0, -1).some(({ params }) => 'ErrorCode' in params)).toBe(false);
});
