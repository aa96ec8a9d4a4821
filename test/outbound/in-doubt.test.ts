import { describe, expect, it } from 'vitest';
import type { Message } from '../../lambdas/domain/message.ts';
import { LEASE_MS } from '../../lambdas/outbound/attempt.ts';
import { accepted, events, startDelivery } from './support.ts';

const delivery = startDelivery();

describe('a provider that does not answer', () => {
  it('tries again after a connection that was refused', async () => {
    const message = await delivery.queue();
    const nowhere = delivery.channel({
      render: async () => [{ method: 'POST', url: 'http://127.0.0.1:1/', headers: {}, body: '' }],
    });

    expect(await delivery.deliver(message, nowhere)).toMatchObject({ done: false });

    expect(await delivery.stored(message)).toMatchObject({ status: 'queued', attempt: 1 });
  });

  it.each([
    ['is sent again', true, 'queued', undefined],
    ['is given up', false, 'failed', 30410],
  ] as const)('in doubt %s where the spec says so', async (_label, resend, status, errorCode) => {
    delivery.provider.script('hang up');
    const message = await delivery.queue();

    await delivery.deliver(message, delivery.channel({ inDoubt: { wait: 0, resend } }));

    const after = await delivery.stored(message);
    expect(after.status).toBe(status);
    expect(after.errorCode).toBe(errorCode);
  });
});

describe('a function that died while sending', () => {
  const dead = (at: number): Partial<Message> => ({ status: 'sending', attempt: 1, leaseUntil: at + LEASE_MS });

  it('is waited for until its lease runs out', async () => {
    const message = await delivery.queue(dead(delivery.now));
    expect(await delivery.deliver(message)).toEqual({ done: false, retryIn: LEASE_MS / 1_000 });
    expect(delivery.provider.requests).toHaveLength(0);
  });

  it('is taken over when the channel’s spec says resend', async () => {
    delivery.provider.script(accepted());
    const message = await delivery.queue(dead(delivery.now));
    delivery.now += LEASE_MS;

    expect(await delivery.deliver(message)).toEqual({ done: true });

    const after = await delivery.stored(message);
    expect(after).toMatchObject({ status: 'sent', attempt: 2 });
    expect(events(after)).toEqual(['queued', 'in-doubt', 'sent']);
  });

  it('is given up on when the channel’s spec says so, without sending', async () => {
    const message = await delivery.queue(dead(delivery.now));
    delivery.now += LEASE_MS;

    expect(await delivery.deliver(message, delivery.channel({ inDoubt: { wait: 0, resend: false } }))).toEqual({
      done: true,
    });

    expect(await delivery.stored(message)).toMatchObject({ status: 'failed', errorCode: 30410 });
    expect(delivery.provider.requests).toHaveLength(0);
  });
});

describe('a channel whose statuses bring our SID back', () => {
  const waiting = (resend: boolean) => delivery.channel({ inDoubt: { wait: 30, resend } });

  it.each([
    [
      'no answer',
      async (message: Message) => {
        delivery.provider.script('hang up', accepted('again'));
        return delivery.deliver(message, waiting(true));
      },
    ],
    [
      'a function that died',
      async (message: Message) => {
        const entry = { at: new Date(delivery.now).toISOString(), event: 'sending', by: 'deliver' as const };
        const leaseUntil = delivery.now + LEASE_MS;
        await delivery.messages.claim(
          { accountSid: message.accountSid, messageSid: message.sid },
          { entry, leaseUntil },
        );
        delivery.now += LEASE_MS;
        return delivery.deliver(message, waiting(true));
      },
    ],
  ])('is waited for after %s', async (_label, fall) => {
    const message = await delivery.queue();
    expect(await fall(message)).toEqual({ done: false, retryIn: 30 });

    const after = await delivery.stored(message);
    expect(after).toMatchObject({ status: 'sending', attempt: 1 });
    expect(after.timeline.at(-1)).toMatchObject({ event: 'in-doubt', detail: { wait: 30 } });
    delivery.now += 29_999;
    const requests = delivery.provider.requests.length;
    expect(await delivery.deliver(message, waiting(true))).toMatchObject({ done: false });
    expect(delivery.provider.requests).toHaveLength(requests);
  });

  it.each(['sent', 'delivered', 'failed'] as const)(
    'is settled by its own status %s, and not sent again',
    async (status) => {
      delivery.provider.script('hang up', accepted());
      const message = await delivery.queue();
      await delivery.deliver(message, waiting(true));
      await delivery.reported(message, status);

      delivery.now += 30_000;
      expect(await delivery.deliver(message, waiting(true))).toEqual({ done: true });

      expect(delivery.provider.requests).toHaveLength(1);
      expect([(await delivery.stored(message)).status, delivery.buried]).toEqual([status, []]);
    },
  );

  it('is sent again when none came, and waited for again when that is in doubt too', async () => {
    delivery.provider.script('hang up', 'hang up', accepted());
    const message = await delivery.queue();
    for (let times = 0; times < 2; times += 1) {
      expect(await delivery.deliver(message, waiting(true))).toEqual({ done: false, retryIn: 30 });
      delivery.now += 30_000;
    }
    expect(await delivery.deliver(message, waiting(true))).toEqual({ done: true });

    const after = await delivery.stored(message);
    expect(after).toMatchObject({ status: 'sent', attempt: 3 });
    expect(events(after)).toEqual(['queued', 'sending', 'in-doubt', 'sending', 'in-doubt', 'sending', 'sent']);
  });

  it('is given up when none came, where the spec says so: with a callback and a dead letter', async () => {
    delivery.provider.script('hang up');
    const message = await delivery.queue();
    await delivery.deliver(message, waiting(false));
    expect((await delivery.stored(message)).status).toBe('sending');

    delivery.now += 30_000;
    expect(await delivery.deliver(message, waiting(false))).toEqual({ done: true });

    expect(delivery.provider.requests).toHaveLength(1);
    expect(await delivery.stored(message)).toMatchObject({ status: 'failed', errorCode: 30410 });
    expect([delivery.statuses(), delivery.buried.length]).toEqual([['failed'], 1]);
  });

  it('is no doubt where the request never left', async () => {
    const message = await delivery.queue();
    const render = async () => [{ method: 'POST' as const, url: 'http://127.0.0.1:1/', headers: {}, body: '' }];
    const channel = delivery.channel({ inDoubt: { wait: 30, resend: false }, render });
    await delivery.deliver(message, channel);
    expect((await delivery.stored(message)).status).toBe('queued');
  });
});
