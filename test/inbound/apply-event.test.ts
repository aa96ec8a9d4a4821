import fc from 'fast-check';
import { afterAll, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Channel, ChannelEvent } from '../../lambdas/channels/types.ts';
import type { Message } from '../../lambdas/domain/message.ts';
import type { Sender } from '../../lambdas/domain/sender.ts';
import { newSid } from '../../lambdas/domain/sid.ts';
import type { CallbackTask } from '../../lambdas/domain/tasks.ts';
import { ROOT_ACCOUNT_SID, startAws } from '../support/aws.ts';

const aws = await startAws();
const { dynamo } = await import('../../lambdas/platform/clients.ts');
const { applyEvent } = await import('../../lambdas/inbound/apply-event.ts');
const { UnknownMessageError } = await import('../../lambdas/inbound/apply-status.ts');
const { MessageStore } = await import('../../lambdas/platform/stores/messages.ts');
const { MessageIdStore } = await import('../../lambdas/platform/stores/message-ids.ts');
const { SentMessageStore } = await import('../../lambdas/platform/stores/sent-messages.ts');
const { IdempotencyStore } = await import('../../lambdas/platform/stores/idempotency.ts');
const { WindowStore } = await import('../../lambdas/platform/stores/windows.ts');
afterAll(() => aws.stop());

const table = process.env['TABLE_NAME'] ?? '';
const messages = new MessageStore(table);
const messageIds = new MessageIdStore(table);
const sentMessages = new SentMessageStore(table);
const windows = new WindowStore(table);
const claims = new IdempotencyStore(table);
const NOW = Date.parse('2026-03-01T12:00:00Z');
const at = new Date(NOW).toISOString();
/** So long ago that a callback of then was queued for sure. */
const LONG_AGO = new Date(NOW - 61_000).toISOString();
const CONTACT = '15552223333';
const channel = {
  name: 'stub',
  address: { scheme: 'stub:', parse: (text: string) => text, format: (address: string) => `stub:+${address}` },
} as Channel;
let sender: Sender;
let announced: CallbackTask[];

beforeEach(() => {
  announced = [];
  sender = {
    sid: newSid('XE', NOW),
    accountSid: ROOT_ACCOUNT_SID,
    channel: 'stub',
    address: '15550001111',
    status: 'ONLINE',
    fields: {},
    secretId: '',
    webhookSecretHash: '',
    webhook: { callbackUrl: 'https://customer.example/in', callbackMethod: 'POST', fallbackMethod: 'POST' },
    dateCreated: at,
    dateUpdated: at,
  };
});

async function sent(id: string, overrides: Partial<Message> = {}): Promise<Message> {
  const message: Message = {
    sid: newSid('SM', NOW),
    accountSid: ROOT_ACCOUNT_SID,
    senderSid: sender.sid,
    channel: 'stub',
    direction: 'outbound-api',
    from: sender.address,
    to: CONTACT,
    body: 'Hi',
    media: [],
    status: 'sent',
    statusCallback: 'https://customer.example/status',
    dateCreated: LONG_AGO,
    dateUpdated: LONG_AGO,
    attempt: 1,
    channelMessageIds: [id],
    timeline: [{ at: LONG_AGO, event: 'sent', by: 'deliver' }],
    ...overrides,
  };
  await messages.insert(message);
  await messageIds.remember(sender.sid, id, message.sid, NOW);
  return message;
}

const apply = (
  event: ChannelEvent,
  options: { crashBeforeCallback?: boolean; fetchMedia?: (message: Message) => Promise<void> } = {},
) =>
  applyEvent(
    event,
    { sender, channel, gatewayUrl: 'https://gateway.example' },
    {
      messages,
      messageIds,
      sentMessages,
      windows,
      claims,
      announce: async (...tasks) => {
        if (options.crashBeforeCallback) throw new Error('crashed');
        // As SQS, which drops what it has by its deduplication id.
        const known = new Set(announced.map(({ idempotencyToken }) => idempotencyToken));
        announced.push(...tasks.filter(({ idempotencyToken }) => !known.has(idempotencyToken)));
      },
      fetchMedia: options.fetchMedia ?? (async () => undefined),
      now: () => NOW,
    },
  );

type Status = Extract<ChannelEvent, { type: 'status' }>;
const status = (id: string, name: Status['status'], error?: Status['error']): Status => ({
  type: 'status',
  channel: 'stub',
  id,
  timestamp: at,
  status: name,
  ...(error && { error }),
});
const inbound = (overrides: Partial<Extract<ChannelEvent, { type: 'message' }>> = {}): ChannelEvent => ({
  type: 'message',
  channel: 'stub',
  id: 'in-1',
  from: CONTACT,
  to: sender.address,
  timestamp: at,
  text: 'Hello',
  raw: {},
  ...overrides,
});
const stored = (message: Message) => messages.get(message.accountSid, message.sid);
const callbacks = () => announced.map(({ params }) => params['MessageStatus']);

describe('a watermark', () => {
  const watermark = (name: Status['status'], before: number): Status => ({
    type: 'status',
    channel: 'stub',
    to: CONTACT,
    before: new Date(before).toISOString(),
    timestamp: at,
    status: name,
  });
  const sentAt = async (time: number) => {
    const message = await sent(`id-${time}`);
    await sentMessages.add(sender.sid, CONTACT, message.sid, time);
    return message;
  };
  const statusesOf = (all: Message[]) => Promise.all(all.map(async (message) => (await stored(message))?.status));

  it('is about all messages to the contact that were sent up to then', async () => {
    const all = [await sentAt(NOW), await sentAt(NOW + 10), await sentAt(NOW + 20)];
    await apply(watermark('delivered', NOW + 10));
    expect(await statusesOf(all)).toEqual(['delivered', 'delivered', 'sent']);
    await apply(watermark('read', NOW + 20));
    expect(await statusesOf(all)).toEqual(['read', 'read', 'read']);
    expect(callbacks()).toEqual(['delivered', 'delivered', 'read', 'read', 'read']);
  });

  it('tells once, and never moves a message back', async () => {
    const message = await sentAt(NOW);
    await apply(watermark('read', NOW));
    await apply(watermark('read', NOW + 1));
    await apply(watermark('delivered', NOW + 1));
    expect(await statusesOf([message])).toEqual(['read']);
    expect(callbacks()).toEqual(['read']);
  });

  it('that was cut off before a callback is applied whole the next time', async () => {
    const message = await sentAt(NOW);
    await expect(apply(watermark('delivered', NOW), { crashBeforeCallback: true })).rejects.toThrow('crashed');
    await apply(watermark('delivered', NOW));
    expect(await statusesOf([message])).toEqual(['delivered']);
    expect(callbacks()).toEqual(['delivered']);
  });

  it('that finds nothing, or a message that is gone, is no error', async () => {
    await apply(watermark('read', NOW));
    await sentMessages.add(sender.sid, CONTACT, newSid('SM', NOW), NOW);
    await apply(watermark('read', NOW));
    expect(callbacks()).toEqual([]);
  });
});

describe('a status', () => {
  it('advances the message, is in its timeline, and calls back', async () => {
    const message = await sent('id-1');
    await apply(status('id-1', 'delivered'));
    expect(await stored(message)).toMatchObject({ status: 'delivered' });
    expect((await stored(message))?.timeline.at(-1)).toEqual({ at, event: 'delivered', by: 'channel' });
    expect(callbacks()).toEqual(['delivered']);
  });

  it('fails the message with the channel’s error', async () => {
    const message = await sent('id-1');
    await apply(status('id-1', 'failed', { code: '470', title: 'Re-engagement message', twilioCode: 63016 }));
    expect(await stored(message)).toMatchObject({ status: 'failed', errorCode: 63016 });
    expect(announced[0]?.params).toMatchObject({ MessageStatus: 'failed', ErrorCode: '63016' });
  });

  it.each(['sent', 'delivered', 'read'] as const)(
    '`sent`, of a message that we know as %s, costs no write and calls nobody back',
    async (known) => {
      const message = await sent('id-1', { status: known });
      const advance = vi.spyOn(messages, 'advance');
      await apply(status('id-1', 'sent'));
      expect(advance).not.toHaveBeenCalled();
      advance.mockRestore();
      expect(await stored(message)).toEqual(message);
      expect(announced).toEqual([]);
    },
  );

  it('`sent` that is faster than our own record counts, and is announced again if it was cut off', async () => {
    const message = await sent('id-1', { status: 'sending', timeline: [{ at, event: 'sending', by: 'deliver' }] });
    await expect(apply(status('id-1', 'sent'), { crashBeforeCallback: true })).rejects.toThrow('crashed');
    await apply(status('id-1', 'sent'));
    expect((await stored(message))?.timeline.at(-1)).toEqual({ at, event: 'sent', by: 'channel' });
    expect(callbacks()).toEqual(['sent']);
  });

  it('whose id is not to be seen yet by a cheap read is looked for by a consistent one', async () => {
    const message = await sent('id-1');
    const isCheap = (input: object) => 'ConsistentRead' in input && input.ConsistentRead === false;
    const lag = (next: (args: { input: object }) => unknown) => async (args: { input: object }) =>
      isCheap(args.input) ? { output: { $metadata: {} }, response: {} } : next(args);
    dynamo.middlewareStack.add(lag as never, { step: 'initialize', name: 'lag' });
    await apply(status('id-1', 'delivered'));
    dynamo.middlewareStack.remove('lag');
    expect(await stored(message)).toMatchObject({ status: 'delivered' });
  });

  it('that was cut off before its callback is announced when it comes again', async () => {
    await sent('id-1');
    await expect(apply(status('id-1', 'delivered'), { crashBeforeCallback: true })).rejects.toThrow('crashed');
    await apply(status('id-1', 'delivered'));
    expect(callbacks()).toEqual(['delivered']);
  });

  it('of a message that is not known is an error, so that it is tried later', async () => {
    await expect(apply(status('unknown', 'delivered'))).rejects.toThrow(UnknownMessageError);
    expect(await aws.items()).not.toContainEqual(
      expect.objectContaining({ status: 'delivered', senderSid: sender.sid }),
    );
  });

  it.each([
    ['may be expected, where the channel reports others’ messages too', true, true],
    ['is not expected elsewhere', undefined, false],
  ])('of a message that is not known %s', async (_label, foreign, isExpected) => {
    const event = { ...status('unknown', 'delivered'), ...(foreign && { foreign }) };
    await expect(apply(event)).rejects.toMatchObject({ isExpected });
  });

  it.each([
    ['delivered', 'sent'],
    ['read', 'sent'],
    ['failed', 'failed'],
  ] as const)('%s, of a part that is not the last, leaves the message %s', async (name, expected) => {
    const message = await sent('id-2');
    await messageIds.remember(sender.sid, 'id-1', message.sid, NOW, true);
    await apply(status('id-1', name, name === 'failed' ? { code: '1', title: 'Gone', twilioCode: 63_024 } : undefined));
    expect((await stored(message))?.status).toBe(expected);
    expect(callbacks()).toEqual(expected === 'failed' ? ['failed'] : []);
  });

  it('has the callback of a young status go before its own, because who wrote that may not have queued it yet', async () => {
    await sent('id-1', { dateUpdated: at, timeline: [{ at, event: 'sent', by: 'deliver' }] });
    await apply(status('id-1', 'read'));
    expect(callbacks()).toEqual(['sent', 'read']);
  });

  it('never moves a message back, in whatever order statuses come', async () => {
    const ranks = ['sent', 'delivered', 'read'] as const;
    let run = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(fc.constantFrom(...ranks), { minLength: 1, maxLength: 6 }), async (order) => {
        announced = [];
        run += 1;
        const message = await sent(`run-${run}`);
        for (const name of order) await apply(status(`run-${run}`, name));
        const highest = ranks[Math.max(...order.map((name) => ranks.indexOf(name)))];
        expect((await stored(message))?.status).toBe(highest);
        const told = callbacks().map((name) => ranks.indexOf(name as (typeof ranks)[number]));
        expect([...new Set(told)]).toEqual([...new Set(told)].sort((left, right) => left - right));
      }),
      { numRuns: 25 },
    );
  });
});

describe('an inbound message', () => {
  it('is stored, opens the window, and reaches the webhook with Twilio’s parameters', async () => {
    await apply(inbound({ profileName: 'Ana' }));
    expect(await windows.lastInboundAt(sender.sid, CONTACT)).toBe(NOW);
    const task = announced[0];
    expect(task?.url).toBe('https://customer.example/in');
    expect(task?.params).toMatchObject({
      From: `stub:+${CONTACT}`,
      To: 'stub:+15550001111',
      Body: 'Hello',
      NumMedia: '0',
      NumSegments: '1',
      SmsStatus: 'received',
      ProfileName: 'Ana',
      WaId: CONTACT,
      AccountSid: ROOT_ACCOUNT_SID,
    });
    const message = await messages.get(ROOT_ACCOUNT_SID, task?.messageSid ?? '');
    expect(message).toMatchObject({ direction: 'inbound', status: 'received', body: 'Hello' });
  });

  it('that comes twice is one message, with the same idempotency token', async () => {
    await apply(inbound());
    await apply(inbound());
    expect(new Set(announced.map(({ messageSid }) => messageSid)).size).toBe(1);
    expect(new Set(announced.map(({ idempotencyToken }) => idempotencyToken)).size).toBe(1);
    const received = await messages.page(ROOT_ACCOUNT_SID, { limit: 100, where: { from: CONTACT } });
    expect(received.filter(({ senderSid }) => senderSid === sender.sid)).toHaveLength(1);
  });

  it.each([
    [
      'a media',
      { text: undefined, media: [{ id: 'm1', contentType: 'image/jpeg' }] },
      { NumMedia: '1', MediaContentType0: 'image/jpeg', Body: '' },
    ],
    [
      'a document',
      { text: undefined, media: [{ id: 'm1', contentType: 'application/pdf', filename: 'bill.pdf' }] },
      { Body: 'bill.pdf' },
    ],
    [
      'a location',
      { text: undefined, location: { latitude: 37.5, longitude: -122, label: 'HQ', address: '1 Hacker Way' } },
      { Latitude: '37.5', Longitude: '-122', Label: 'HQ', Address: '1 Hacker Way' },
    ],
    [
      'a tapped button',
      { text: undefined, button: { text: 'Yes', payload: 'YES' } },
      { Body: 'Yes', ButtonText: 'Yes', ButtonPayload: 'YES' },
    ],
    ['a reaction', { text: undefined, reaction: { messageId: 'x', emoji: '👍' } }, { Body: '👍' }],
  ])('that is %s has Twilio’s parameters for it', async (_, event, expected) => {
    await apply(inbound(event));
    expect(announced[0]?.params).toMatchObject(expected);
  });

  it.each(['is stored', 'was deleted'])(
    'whose media are fetched and that %s has them fetched no second time',
    async (how) => {
      const fetched: string[] = [];
      const fetchMedia = async ({ sid }: Message) => void fetched.push(sid);
      const event = inbound({ id: how, media: [{ id: 'm1', contentType: 'image/jpeg' }] });
      await apply(event, { fetchMedia });
      const message = { accountSid: ROOT_ACCOUNT_SID, sid: fetched[0] ?? '' };
      if (how === 'was deleted') expect(await messages.delete(message, NOW)).toBe(true);
      await apply(event, { fetchMedia });
      expect(fetched).toHaveLength(1);
      expect((await messages.get(message.accountSid, message.sid)) === undefined).toBe(how === 'was deleted');
    },
  );

  it('that answers one of ours names it', async () => {
    const message = await sent('ours');
    await apply(inbound({ replyTo: 'ours' }));
    expect(announced[0]?.params).toMatchObject({
      OriginalRepliedMessageSid: message.sid,
      OriginalRepliedMessageSender: 'stub:+15550001111',
    });
  });

  it('is stored even when nobody listens', async () => {
    sender.webhook = { callbackMethod: 'POST', fallbackMethod: 'POST' };
    await apply(inbound());
    expect(announced).toEqual([]);
    const received = await messages.page(ROOT_ACCOUNT_SID, { limit: 1_000 });
    expect(received.some(({ senderSid, direction }) => senderSid === sender.sid && direction === 'inbound')).toBe(true);
  });
});
