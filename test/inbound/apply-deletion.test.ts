import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import type { Channel, ChannelEvent } from '../../lambdas/channels/types.ts';
import type { Message } from '../../lambdas/domain/message.ts';
import type { Sender } from '../../lambdas/domain/sender.ts';
import { newSid } from '../../lambdas/domain/sid.ts';
import type { CallbackTask } from '../../lambdas/domain/tasks.ts';
import { ROOT_ACCOUNT_SID, startAws } from '../support/aws.ts';

/*
 * What depends on the channel's id of a contact's message: taking it back, and telling a repetition where no time helps.
 */

const aws = await startAws();
const { applyEvent } = await import('../../lambdas/inbound/apply-event.ts');
const { UnknownMessageError } = await import('../../lambdas/inbound/apply-status.ts');
const { applyDependencies } = await import('../../lambdas/inbound/dependencies.ts');
afterAll(() => aws.stop());

const NOW = Date.parse('2026-03-01T12:00:00Z');
const CONTACT = '15552223333';
const stores = applyDependencies({
  TABLE_NAME: process.env['TABLE_NAME'] ?? '',
  CALLBACKS_QUEUE_URL: process.env['CALLBACKS_QUEUE_URL'] ?? '',
});
const { messages, messageIds, claims } = stores;
let sender: Sender;
let channel: Channel;
let announced: CallbackTask[];
let emptied: string[];
beforeEach(() => {
  announced = [];
  emptied = [];
  const format = (address: string) => `stub:+${address}`;
  channel = { name: 'stub', address: { scheme: 'stub:', format }, hasDeletions: true } as Partial<Channel> as Channel;
  sender = {
    sid: newSid('XE', NOW),
    accountSid: ROOT_ACCOUNT_SID,
    channel: 'stub',
    address: '15550001111',
    webhook: { callbackUrl: 'https://customer.example/in', callbackMethod: 'POST' },
  } as Partial<Sender> as Sender;
});

type MessageEvent = Extract<ChannelEvent, { type: 'message' }>;
const wrote = (content: Partial<MessageEvent> = { text: 'secret' }): MessageEvent => ({
  type: 'message',
  channel: 'stub',
  id: 'm1',
  from: CONTACT,
  to: sender.address,
  timestamp: new Date(NOW).toISOString(),
  raw: {},
  ...content,
});
const deletion = (): ChannelEvent => ({
  type: 'deletion',
  channel: 'stub',
  id: 'm1',
  from: CONTACT,
  to: sender.address,
});

function apply(event: ChannelEvent, { hasMedia = true } = {}): Promise<void> {
  const media = {
    fetchMedia: async () => undefined,
    emptyMedia: async ({ sid }: Message) => {
      emptied.push(sid);
    },
  };
  const announce = async (task: CallbackTask) => {
    announced.push(task);
  };
  return applyEvent(
    event,
    { sender, channel, gatewayUrl: 'https://gateway.example' },
    { ...stores, ...(hasMedia && media), announce, now: () => NOW },
  );
}
/** All that is stored of this sender's messages. */
const stored = async (): Promise<Message[]> =>
  (await messages.page(ROOT_ACCOUNT_SID, { limit: 1_000 })).filter(({ senderSid }) => senderSid === sender.sid);

describe('a message that its contact takes back', () => {
  it.each<[string, Partial<MessageEvent>]>([
    ['a text', { text: 'secret' }],
    [
      'a file with a caption',
      { text: 'secret', media: [{ id: 'secret', contentType: 'image/png', filename: 'secret.png' }] },
    ],
    ['a place', { location: { latitude: 1.5, longitude: 2.5, label: 'secret', address: 'secret' } }],
    ['a button', { button: { text: 'secret', payload: 'secret' } }],
  ])('keeps nothing of %s but that there was one', async (_label, content) => {
    await apply(wrote(content));
    const [before] = await stored();
    await apply(deletion());
    const [after] = await stored();
    expect(after).toMatchObject({ sid: before?.sid, body: '', media: [], from: CONTACT, status: 'received' });
    expect(after?.location ?? null).toBeNull();
    expect(after?.timeline.map(({ event, by }) => [event, by])).toEqual([
      ['received', 'channel'],
      ['deleted', 'channel'],
    ]);
    expect(JSON.stringify(after)).not.toMatch(/secret|latitude/);
    expect(emptied).toEqual(content.media ? [after?.sid] : []);
  });

  it('is gone once, however often it is told, and stays gone when it comes again', async () => {
    await apply(wrote());
    await apply(deletion());
    const once = await stored();
    await apply(deletion());
    announced = [];
    await apply(wrote());
    expect(await stored()).toEqual(once);
    expect(announced).toEqual([]);
  });

  it('is not stored at all when it comes after that, and nobody is told of it', async () => {
    await apply(deletion());
    await apply(wrote());
    expect(await stored()).toEqual([]);
    expect(announced).toEqual([]);
  });

  it('is waited for while it is on its way', async () => {
    const claim = { sid: newSid('SM', NOW), requestHash: '' };
    await claims.claim(ROOT_ACCOUNT_SID, `received ${sender.sid} m1`, claim);
    await expect(apply(deletion())).rejects.toThrow(UnknownMessageError);
  });

  it('with media is left to the queue, where there is time', async () => {
    await apply(wrote({ media: [{ id: 'f1' }] }));
    const before = await stored();
    await expect(apply(deletion(), { hasMedia: false })).rejects.toThrow('from the queue');
    expect(await stored()).toEqual(before);
    await apply(deletion());
    expect(emptied).toEqual([before[0]?.sid]);
  });

  it('is a contact’s: the same id of one of ours means nothing', async () => {
    const ours = { ...(await example()), sid: newSid('SM', NOW), direction: 'outbound-api' as const, body: 'Hi' };
    await messages.insert(ours);
    await messageIds.remember(sender.sid, 'm1', ours.sid, NOW);
    await apply(deletion());
    expect(await messages.get(ROOT_ACCOUNT_SID, ours.sid)).toMatchObject({ body: 'Hi' });
  });

  it('may be found for a month, long after nobody repeats anything', async () => {
    await apply(wrote());
    const [message] = await stored();
    expect(await messageIds.find(sender.sid, 'received/m1')).toMatchObject({ messageSid: message?.sid });
  });

  /** Any message, to make another one of. */
  async function example(): Promise<Message> {
    await apply(wrote({ id: 'example' }));
    const [message] = await stored();
    if (!message) throw new Error('There is no message.');
    return message;
  }
});

describe('a message for which the channel says no time', () => {
  beforeEach(() => {
    channel = { ...channel, hasDeletions: false };
  });
  const at = (seconds: number): MessageEvent =>
    wrote({ text: 'Hi', undated: true, timestamp: new Date(NOW + seconds * 1_000).toISOString() });

  it('is one message, however often and at whatever time it comes', async () => {
    for (const seconds of [0, 20, 60]) await apply(at(seconds));
    const received = await stored();
    expect(received).toHaveLength(1);
    expect(new Set(announced.map(({ messageSid }) => messageSid))).toEqual(new Set([received[0]?.sid]));
    expect(new Set(announced.map(({ idempotencyToken }) => idempotencyToken)).size).toBe(1);
  });

  it('is one message when it comes twice at the same time', async () => {
    await Promise.all([apply(at(0)), apply(at(1)), apply(at(2))]);
    expect(await stored()).toHaveLength(1);
  });

  it('is another one with another id', async () => {
    await apply(at(0));
    await apply({ ...at(0), id: 'm2' });
    expect(await stored()).toHaveLength(2);
  });
});

describe('a message on a channel that says the time and takes nothing back', () => {
  it('needs no note of its id', async () => {
    channel = { ...channel, hasDeletions: false };
    const before = (await aws.items()).length;
    await apply(wrote());
    // The message, and the contact's window.
    expect((await aws.items()).length - before).toBe(2);
  });
});
