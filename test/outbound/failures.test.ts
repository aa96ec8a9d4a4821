import { describe, expect, it } from 'vitest';
import { contactLimitSeconds } from '../../lambdas/domain/retry.ts';
import { accepted, events, failed, RATE, START, startDelivery } from './support.ts';

const delivery = startDelivery();

describe('a channel that refuses', () => {
  it.each([
    ['recipient', 63024],
    ['permanent', 63021],
    ['window', 63016],
  ] as const)('fails the message at once on class %s', async (errorClass, twilioCode) => {
    delivery.provider.script(failed({ class: errorClass, twilioCode, code: '42', title: 'No' }));
    const message = await delivery.queue();

    expect(await delivery.deliver(message)).toEqual({ done: true });

    expect(await delivery.stored(message)).toMatchObject({
      status: 'failed',
      errorCode: twilioCode,
      errorMessage: 'No',
    });
    expect(delivery.announced[0]?.params).toMatchObject({ MessageStatus: 'failed', ErrorCode: String(twilioCode) });
  });

  it('queues the message again for as long as Retry-After says', async () => {
    delivery.provider.script(failed({ class: 'retry', retryAfter: 17 }));
    const message = await delivery.queue();

    expect(await delivery.deliver(message)).toEqual({ done: false, retryIn: 17 });

    const after = await delivery.stored(message);
    expect(after).toMatchObject({ status: 'queued', attempt: 1 });
    expect(after.timeline.at(-1)).toMatchObject({ event: 'retry', detail: { attempt: 1, seconds: 17 } });
  });

  it('gives up with the channel’s code when the next attempt would come after the validity period', async () => {
    delivery.provider.script(failed({ class: 'retry', twilioCode: 63012, retryAfter: 120 }));
    const message = await delivery.queue({ validUntil: new Date(delivery.now + 60_000).toISOString() });

    expect(await delivery.deliver(message)).toEqual({ done: true });

    expect(await delivery.stored(message)).toMatchObject({ status: 'failed', errorCode: 63012 });
  });

  it('pauses the whole sender when the limit is the sender’s', async () => {
    delivery.provider.script(failed({ class: 'rate-limited', retryAfter: 30, scope: 'sender' }));
    const message = await delivery.queue();

    expect(await delivery.deliver(message)).toEqual({ done: false, retryIn: 30 });

    const rate = { perSecond: 20, burst: 60 };
    const reservation = await delivery.pacing().reserve(delivery.sender.sid, 1, rate, delivery.now);
    expect(reservation).toMatchObject({ waitMs: 30_000 });
  });
});

describe('a sender that is told to slow down', () => {
  it('has nothing of its backlog released until the pause is over', async () => {
    delivery.provider.script(failed({ class: 'rate-limited', retryAfter: 30, scope: 'sender' }));
    const held: [string, number][] = [];
    const hold = async (sender: string, until: number) => {
      held.push([sender, until]);
    };
    await delivery.deliver(await delivery.queue(), delivery.channel(), { backlogs: { hold } });
    expect(held).toEqual([[delivery.sender.sid, START + 30_000]]);
  });

  it('waits all the same when the backlog cannot be told', async () => {
    delivery.provider.script(failed({ class: 'rate-limited', retryAfter: 30, scope: 'sender' }));
    const hold = () => Promise.reject(new Error('throttled'));
    const message = await delivery.queue();
    const handled = await delivery.deliver(message, delivery.channel(), { backlogs: { hold } });
    expect([handled, (await delivery.stored(message)).status]).toEqual([{ done: false, retryIn: 30 }, 'queued']);
  });
});

describe('a contact that was sent too much', () => {
  const limit = failed({ class: 'rate-limited', code: '131056', retryAfter: 6, scope: 'contact' });

  it('waits alone: the sender goes on', async () => {
    delivery.provider.script(limit, accepted());
    const [limited, other] = [await delivery.queue(), await delivery.queue({ to: '15559998888' })];

    expect(await delivery.deliver(limited)).toEqual({ done: false, retryIn: 6 });
    expect(await delivery.pacing().reserve(delivery.sender.sid, 1, RATE, START)).toMatchObject({ slots: [START] });
    expect(await delivery.deliver(other)).toEqual({ done: true });
  });

  it('waits four times as long each time', async () => {
    delivery.provider.script(limit);
    const message = await delivery.queue();
    const waits: unknown[] = [];
    for (let attempt = 0; attempt < 5; attempt += 1) waits.push(await delivery.deliver(message));
    expect(waits).toEqual([6, 6, 16, 64, 256].map((retryIn) => ({ done: false, retryIn })));
  });

  it.each([
    [0, 0, 1],
    [3, 0, 64],
    [9, 0, 900],
    [0, 6, 6],
    [2, 3_600, 3_600],
  ])('after %i times and a Retry-After of %i waits %i s', (times, retryAfter, seconds) => {
    expect(contactLimitSeconds(times, retryAfter)).toBe(seconds);
  });
});

describe('retries', () => {
  it('end a second before the validity does, however long the wait would be', async () => {
    delivery.provider.script(failed({ class: 'retry', code: '2' }));
    const message = await delivery.queue({ attempt: 12, validUntil: new Date(START + 10_000).toISOString() });
    const waits: number[] = [];
    for (;;) {
      const handled = await delivery.deliver(message);
      if (handled.done) break;
      waits.push(handled.retryIn);
      delivery.now += handled.retryIn * 1_000;
    }
    expect(waits.reduce((sum, wait) => sum + wait, 0)).toBe(9);
    expect(await delivery.stored(message)).toMatchObject({ status: 'failed', errorCode: 63012 });
  });

  it('leave alone what another function has taken over meanwhile', async () => {
    const message = await delivery.queue();
    const channel = delivery.channel({
      interpret: async () => {
        // So slow an answer that the lease ran out and somebody else has begun.
        const claimed = { accountSid: message.accountSid, messageSid: message.sid };
        const entry = { at: new Date(START).toISOString(), event: 'in-doubt', by: 'deliver' as const };
        const found = await delivery.stored(message);
        await delivery.messages.claim(claimed, { entry, leaseUntil: START + 99_000, found });
        return { outcome: 'failed', class: 'retry', twilioCode: 63012, scope: 'contact' };
      },
    });
    await delivery.deliver(message, channel);
    expect(await delivery.stored(message)).toMatchObject({ status: 'sending', attempt: 2 });
  });
});

describe('a message that the gateway gives up', () => {
  const soon = () => new Date(START + 60_000).toISOString();
  const past = () => new Date(START - 1).toISOString();

  it.each([
    [
      'whose retries end',
      async () => delivery.provider.script(failed({ retryAfter: 120, title: 'Busy' })),
      { validUntil: soon() },
      63012,
    ],
    ['that is too old', async () => undefined, { validUntil: past() }, 30036],
    ['whose sender is gone', () => delivery.senders.remove(delivery.sender), {}, 63002],
    [
      'whose sender is being removed',
      () => delivery.senders.update({ ...delivery.sender, status: 'DELETING' }),
      {},
      63002,
    ],
  ])('%s has a callback and a dead letter, which is its task', async (_label, prepare, overrides, errorCode) => {
    const message = await delivery.queue(overrides);
    await prepare();

    expect(await delivery.deliver(message)).toEqual({ done: true });

    expect(await delivery.stored(message)).toMatchObject({ status: 'failed', errorCode });
    expect(delivery.announced.map(({ params }) => [params['MessageStatus'], params['ErrorCode']])).toEqual([
      ['failed', String(errorCode)],
    ]);
    const { accountSid, senderSid, sid: messageSid } = message;
    const letter = { kind: 'outbound', accountSid, senderSid, messageSid, payload: delivery.task(message) };
    expect(delivery.buried).toMatchObject([{ key: `${messageSid}/1`, letter }]);
    expect(delivery.buried[0]?.letter.reason).toBe((await delivery.stored(message)).errorMessage);
  });

  it('is buried and announced again when the function was cut off before that', async () => {
    const message = await delivery.queue({ validUntil: past() });
    const cutOff = { bury: () => Promise.reject(new Error('cut off')) };
    await expect(delivery.deliver(message, delivery.channel(), cutOff)).rejects.toThrow('cut off');

    expect(await delivery.deliver(message)).toEqual({ done: true });

    expect([delivery.buried.length, delivery.statuses()]).toEqual([1, ['failed']]);
    expect(events(await delivery.stored(message))).toEqual(['queued', 'sending', 'failed']);
  });

  it.each(['permanent', 'recipient', 'window'] as const)(
    'is none that the channel refuses for good: %s',
    async (errorClass) => {
      delivery.provider.script(failed({ class: errorClass }));
      await delivery.deliver(await delivery.queue());
      expect([delivery.buried, delivery.statuses()]).toEqual([[], ['failed']]);
    },
  );

  it('is none that the channel failed, when it was sent again after it had been given up', async () => {
    const message = await delivery.queue({ validUntil: past() });
    await delivery.deliver(message);
    const entry = { at: new Date(START).toISOString(), event: 'redriven', by: 'api' as const };
    const validUntil = soon();
    await delivery.messages.redriven(await delivery.stored(message), entry, { validUntil });
    await delivery.deliver({ ...message, validUntil });
    await delivery.reported(message, 'failed');
    delivery.buried = [];

    await delivery.deliver({ ...message, validUntil });
    expect([(await delivery.stored(message)).status, delivery.buried]).toEqual(['failed', []]);
  });

  it('is none that was delivered while it was given up', async () => {
    delivery.provider.script(failed({ retryAfter: 120 }));
    const message = await delivery.queue({ validUntil: soon() });
    const channel = delivery.channel({
      interpret: async () => {
        await delivery.reported(message, 'delivered');
        return { outcome: 'failed', class: 'retry', twilioCode: 63012, retryAfter: 120, scope: 'contact' };
      },
    });
    await delivery.deliver(message, channel);
    expect([delivery.buried, delivery.statuses()]).toEqual([[], []]);
    expect((await delivery.stored(message)).status).toBe('delivered');
  });
});
