import { rmSync } from 'node:fs';
import { afterAll, describe, expect, it } from 'vitest';
import type { Sender } from '../../lambdas/domain/sender.ts';
import { call } from '../support/api.ts';
import { ROOT_ACCOUNT_SID, startAws } from '../support/aws.ts';
import { bundleChannels } from '../support/channels.ts';
import { twilioClient } from '../support/twilio-client.ts';

const aws = await startAws();
const channelsDirectory = bundleChannels();
const { handler } = await import('../../lambdas/api/api.lambda.ts');
const { acceptMessage } = await import('../../lambdas/api/messages/accept-message.ts');
const { acceptDependencies } = await import('../../lambdas/api/messages/dependencies.ts');
const store = acceptDependencies({ TABLE_NAME: 'switchboard', OUTBOUND_QUEUE_URL: 'http://unused.invalid' });
const client = twilioClient(handler);
const sender: Sender = {
  sid: `XE${'a'.repeat(32)}`,
  accountSid: ROOT_ACCOUNT_SID,
  channel: 'whatsapp',
  address: '15550001111',
  status: 'ONLINE',
  fields: {},
  secretId: 'senders/a',
  webhookSecretHash: '',
  webhook: { callbackMethod: 'POST', fallbackMethod: 'POST' },
  dateCreated: '2026-01-01T00:00:00.000Z',
  dateUpdated: '2026-01-01T00:00:00.000Z',
};
await store.senders.create(sender);
afterAll(async () => {
  rmSync(channelsDirectory, { recursive: true });
  await aws.stop();
});

const addresses = { from: 'whatsapp:+15550001111', to: 'whatsapp:+15552223333' };
/** To the second, as the SDK writes it. */
const inSeconds = (seconds: number) => new Date((Math.floor(Date.now() / 1_000) + seconds) * 1_000);
const schedule = (sendAt: Date, more: Record<string, unknown> = {}) =>
  client.messages.create({ ...addresses, body: 'Later', scheduleType: 'fixed', sendAt, ...more });
const entries = async () => (await aws.items()).filter(({ pk }) => String(pk).startsWith('SCHEDULED#'));
const messages = async () => (await aws.items()).filter((item) => 'timeline' in item);

describe('a scheduled message', () => {
  it('is stored with its numbers, listed for its time, and queued nowhere', async () => {
    const sendAt = inSeconds(3_600);
    const message = await schedule(sendAt, { validityPeriod: 60 });
    expect(message).toMatchObject({ ...addresses, status: 'scheduled', dateSent: null, body: 'Later' });
    expect(await store.messages.get(ROOT_ACCOUNT_SID, message.sid)).toMatchObject({
      senderSid: sender.sid,
      channel: 'whatsapp',
      status: 'scheduled',
      sendAt: sendAt.toISOString(),
      validUntil: new Date(sendAt.getTime() + 60_000).toISOString(),
      timeline: [{ event: 'scheduled', by: 'api' }],
    });
    expect(await entries()).toEqual([
      expect.objectContaining({
        kind: 'send',
        accountSid: ROOT_ACCOUNT_SID,
        messageSid: message.sid,
        at: sendAt.getTime(),
      }),
    ]);
    expect(await aws.drain('OUTBOUND_QUEUE_URL')).toEqual([]);
    expect(await aws.drain('CALLBACKS_QUEUE_URL')).toEqual([]);
    expect(await client.messages(message.sid).fetch()).toMatchObject({ status: 'scheduled', dateSent: null });
    expect(await client.messages.list({ to: addresses.to })).toMatchObject([{ sid: message.sid, status: 'scheduled' }]);
  });

  it('may be up to 35 days ahead', async () => {
    expect(await schedule(inSeconds(3_024_000 - 5))).toMatchObject({ status: 'scheduled' });
  });

  it.each<[why: string, code: number, create: () => Promise<unknown>]>([
    ['is too near', 35114, () => schedule(inSeconds(890))],
    ['is too far', 35115, () => schedule(inSeconds(3_024_010))],
    ['has no time', 35111, () => schedule(undefined as never)],
    ['has no type', 35126, () => schedule(inSeconds(3_600), { scheduleType: undefined })],
    [
      'names a messaging service',
      21705,
      () => schedule(inSeconds(3_600), { messagingServiceSid: `MG${'0'.repeat(32)}` }),
    ],
    ['has an unknown sender', 63007, () => schedule(inSeconds(3_600), { from: 'whatsapp:+15550009999' })],
    ['has nothing to say', 21602, () => schedule(inSeconds(3_600), { body: '' })],
  ])('that %s is refused with %i, and nothing is kept', async (_why, code, create) => {
    const before = await aws.items();
    await expect(create()).rejects.toMatchObject({ status: 400, code });
    expect(await aws.items()).toEqual(before);
  });

  it('is one message however often its request comes', async () => {
    const before = [await messages(), await entries()].map(({ length }) => length);
    const form = Object.entries({
      To: addresses.to,
      From: addresses.from,
      Body: 'Once',
      ScheduleType: 'fixed',
      SendAt: inSeconds(3_600).toISOString(),
    });
    const post = () =>
      call(handler, {
        method: 'POST',
        path: `/2010-04-01/Accounts/${ROOT_ACCOUNT_SID}/Messages.json`,
        form,
        headers: { 'Idempotency-Key': 'once' },
      });
    const answers = [...(await Promise.all([post(), post()])), await post()];
    expect(answers.map(({ status, body }) => [status, body['status']])).toEqual(Array(3).fill([201, 'scheduled']));
    expect(new Set(answers.map(({ body }) => body['sid'])).size).toBe(1);
    const after = [await messages(), await entries()].map(({ length }) => length);
    expect(after).toEqual(before.map((length) => length + 1));
  });

  describe('whose request is repeated', () => {
    const sendAt = inSeconds(1_000).getTime();
    const accept = (now: number, requestHash = 'hash') =>
      acceptMessage(
        { ...addresses, body: 'Later', media: [], unknown: [], sendAt },
        ROOT_ACCOUNT_SID,
        { key: 'near', requestHash },
        { ...store, now: () => now },
      );

    it('stays, though its time is too near by then', async () => {
      const { message } = await accept(Date.now());
      expect((await accept(sendAt - 60_000)).message).toEqual(message);
      await expect(accept(sendAt - 60_000, 'other')).rejects.toMatchObject({ code: 35114 });
    });
  });

  it.each(['schedule', 'messages'] as const)('leaves no message without an entry when %s fails', async (broken) => {
    const before = [await messages(), await entries()].map(({ length }) => length);
    const crash = () => Promise.reject(new Error('the function was killed'));
    const dependencies =
      broken === 'schedule'
        ? { ...store, schedule: { add: crash } }
        : { ...store, messages: Object.assign(Object.create(store.messages), { insert: crash }) };
    const sendAt = inSeconds(7_200).getTime();
    const request = { ...addresses, body: 'Later', media: [], unknown: [], sendAt };
    const claim = { key: `cut-off-${broken}`, requestHash: 'hash' };
    await expect(acceptMessage(request, ROOT_ACCOUNT_SID, claim, dependencies)).rejects.toThrow('killed');
    expect(await messages()).toHaveLength(before[0] ?? 0);
    const { message } = await acceptMessage(request, ROOT_ACCOUNT_SID, claim, store);
    expect(message.status).toBe('scheduled');
    expect([await messages(), await entries()].map(({ length }) => length)).toEqual(before.map((length) => length + 1));
  });
});
