import { describe, expect, it } from 'vitest';
import type { Message } from '../../lambdas/domain/message.ts';
import { accepted, CONTACT, events, failed, START, startDelivery } from './support.ts';

const { WindowStore } = await import('../../lambdas/platform/stores/windows.ts');

const delivery = startDelivery();

describe('delivering a message', () => {
  it('sends it, records the channel id both ways, and announces sent', async () => {
    delivery.provider.script(accepted('wamid-1'));
    const message = await delivery.queue();

    expect(await delivery.deliver(message)).toEqual({ done: true });

    const after = await delivery.stored(message);
    expect(after).toMatchObject({ status: 'sent', attempt: 1, channelMessageIds: ['wamid-1'] });
    expect(after.dateSent).toBe(new Date(delivery.now).toISOString());
    expect(events(after)).toEqual(['queued', 'sending', 'sent']);
    expect(await delivery.messageIds.find(delivery.sender.sid, 'wamid-1')).toMatchObject({ messageSid: message.sid });
    expect(delivery.announced[0]?.params).toMatchObject({
      MessageSid: message.sid,
      MessageStatus: 'sent',
      To: `stub:+${CONTACT}`,
    });
  });

  it('does not send a message twice when its task is delivered again', async () => {
    delivery.provider.script(accepted());
    const message = await delivery.queue();
    await delivery.deliver(message);

    expect(await delivery.deliver(message)).toEqual({ done: true });

    expect(delivery.provider.requests).toHaveLength(1);
    expect(delivery.statuses()).toEqual(['sent', 'sent']);
    expect(new Set(delivery.announced.map(({ idempotencyToken }) => idempotencyToken)).size).toBe(1);
  });

  it('resumes at the part that failed', async () => {
    delivery.provider.script(accepted('a'), failed({ class: 'retry' }), accepted('b'));
    const message = await delivery.queue({ body: 'one|two' });

    const first = await delivery.deliver(message);
    expect(first).toMatchObject({ done: false });
    expect(await delivery.stored(message)).toMatchObject({ status: 'queued', channelMessageIds: ['a'] });
    expect(await delivery.deliver(message)).toEqual({ done: true });

    expect(delivery.provider.requests.map(({ body }) => body)).toEqual(['one', 'two', 'two']);
    expect(await delivery.stored(message)).toMatchObject({ status: 'sent', channelMessageIds: ['a', 'b'], attempt: 2 });
  });

  it('leaves a status that came back before the send was recorded', async () => {
    const message = await delivery.queue();
    const channel = delivery.channel({
      interpret: async () => {
        // The channel reports `delivered` while its answer to the send is still being read.
        const entry = { at: new Date(delivery.now).toISOString(), event: 'delivered', by: 'channel' as const };
        await delivery.messages.advance(message, 'delivered', entry);
        return { outcome: 'accepted', id: 'fast' };
      },
    });
    delivery.provider.script(accepted('fast'));

    expect(await delivery.deliver(message, channel)).toEqual({ done: true });

    expect(await delivery.stored(message)).toMatchObject({ status: 'delivered', channelMessageIds: ['fast'] });
    expect(delivery.statuses()).toEqual([]);
  });
});

describe('a channel with watermarks', () => {
  it('has what a contact was sent listed, by the time before its request left', async () => {
    delivery.provider.script(accepted());
    const message = await delivery.queue();

    await delivery.deliver(message, delivery.channel({ hasWatermarks: true, needsIdPointer: false }));

    const listed = await delivery.sentMessages.until(delivery.sender.sid, CONTACT, delivery.now, 'delivered');
    expect(listed).toEqual([{ messageSid: message.sid, at: delivery.now }]);
  });

  it('lists nothing elsewhere', async () => {
    delivery.provider.script(accepted());
    await delivery.deliver(await delivery.queue());
    expect(await delivery.sentMessages.until(delivery.sender.sid, CONTACT, delivery.now, 'delivered')).toEqual([]);
  });
});

describe('rules before sending', () => {
  const withWindow = delivery.channel({ window: { hours: 24, errorCode: 63016, outside: ['template'] } });

  it.each([
    ['never wrote', undefined, 'failed'],
    ['wrote 24 hours ago', 24 * 3_600_000, 'failed'],
    ['wrote a second less than 24 hours ago', 24 * 3_600_000 - 1_000, 'sent'],
  ])('a free-form message to a contact who %s', async (_, age, status) => {
    delivery.provider.script(accepted());
    if (age !== undefined) await delivery.windows.open(delivery.sender.sid, CONTACT, delivery.now - age);
    const message = await delivery.queue();

    await delivery.deliver(message, withWindow);

    expect((await delivery.stored(message)).status).toBe(status);
    expect((await delivery.stored(message)).errorCode).toBe(status === 'failed' ? 63016 : undefined);
  });

  it('lets only so many messages go since the contact wrote, whatever they are tried', async () => {
    const counted = delivery.channel({ window: { hours: 48, count: 2, errorCode: 63016, outside: ['template'] } });
    await delivery.windows.open(delivery.sender.sid, CONTACT, delivery.now);
    delivery.provider.script(failed({ class: 'retry' }), accepted('a'), failed({ class: 'permanent' }), accepted('b'));

    const [first, refused, second, third] = [
      await delivery.queue(),
      await delivery.queue(),
      await delivery.queue(),
      await delivery.queue(),
    ];
    expect(await delivery.deliver(first, counted)).toMatchObject({ done: false });
    for (const message of [first, refused, second, third]) await delivery.deliver(message, counted);

    const statuses = await Promise.all(
      [first, refused, second, third].map(async (message) => (await delivery.stored(message)).status),
    );
    expect(statuses).toEqual(['sent', 'failed', 'sent', 'failed']);
    expect(await delivery.stored(third)).toMatchObject({
      errorCode: 63016,
      errorMessage: expect.stringContaining('2 messages'),
    });
    expect(delivery.provider.requests).toHaveLength(4);
  });

  it('fails a message whose validity period is over', async () => {
    const message = await delivery.queue({ validUntil: new Date(delivery.now).toISOString() });
    await delivery.deliver(message);
    expect(await delivery.stored(message)).toMatchObject({ status: 'failed', errorCode: 30036 });
  });

  it('fails a message whose sender was removed', async () => {
    const message = await delivery.queue();
    await delivery.senders.remove(delivery.sender);
    await delivery.deliver(message);
    expect(await delivery.stored(message)).toMatchObject({ status: 'failed', errorCode: 63002 });
  });
});

describe('a contact’s window', () => {
  const channel = () => delivery.channel({ window: { hours: 24, errorCode: 63016, outside: ['template'] } });

  /** Delivers, and says how the window was read: `true` for consistently. */
  async function reads(message: Message, answers: (number | undefined)[]): Promise<boolean[]> {
    const read: boolean[] = [];
    class Windows extends WindowStore {
      override async lastInboundAt(
        ...[, , { consistent } = { consistent: true }]: Parameters<InstanceType<typeof WindowStore>['lastInboundAt']>
      ) {
        read.push(consistent);
        return answers.shift();
      }
    }
    await delivery.deliver(message, channel(), { windows: new Windows('') });
    return read;
  }

  it.each<[string, { windowUntil?: number; answers: (number | undefined)[] }, { read: boolean[]; status: string }]>([
    [
      'was seen open when the message was accepted',
      { windowUntil: START + 1, answers: [] },
      { read: [], status: 'sent' },
    ],
    [
      'has ended since, as far as was known',
      { windowUntil: START, answers: [START - 1] },
      { read: [false], status: 'sent' },
    ],
    ['is seen open', { answers: [START - 1] }, { read: [false], status: 'sent' }],
    ['was opened a moment ago', { answers: [undefined, START] }, { read: [false, true], status: 'sent' }],
    ['is closed', { answers: [undefined, undefined] }, { read: [false, true], status: 'failed' }],
  ])('that %s is read as seldom as can be', async (_label, { answers, ...known }, { read, status }) => {
    const message = await delivery.queue(known);
    expect(await reads(message, answers)).toEqual(read);
    expect((await delivery.stored(message)).status).toBe(status);
  });
});
