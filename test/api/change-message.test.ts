import { rmSync } from 'node:fs';
import { GetObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import type { Message } from '../../lambdas/domain/message.ts';
import type { Sender } from '../../lambdas/domain/sender.ts';
import { mediaSid, newSid } from '../../lambdas/domain/sid.ts';
import type { MessageStatus } from '../../lambdas/domain/status.ts';
import { S3 } from '../../local/s3.ts';
import { call } from '../support/api.ts';
import { ROOT_ACCOUNT_SID, startAws } from '../support/aws.ts';
import { bundleChannels } from '../support/channels.ts';
import { twilioClient } from '../support/twilio-client.ts';

const aws = await startAws();
const channelsDirectory = bundleChannels();
const s3 = new S3(aws.sqs.url);
process.env['AWS_ENDPOINT_URL_S3'] = s3.url;
await s3.createBucket('media', {});
const { handler } = await import('../../lambdas/api/api.lambda.ts');
const { cancelMessage } = await import('../../lambdas/api/messages/cancel-message.ts');
const { acceptDependencies } = await import('../../lambdas/api/messages/dependencies.ts');
const { MediaStore } = await import('../../lambdas/platform/media-store.ts');
const { applyStatus } = await import('../../lambdas/inbound/apply-status.ts');

const store = acceptDependencies({ TABLE_NAME: 'switchboard', OUTBOUND_QUEUE_URL: 'http://unused.invalid' });
const media = new MediaStore('media');
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
  webhook: { callbackMethod: 'POST', fallbackMethod: 'POST', statusCallbackUrl: 'https://app.example/status' },
  dateCreated: '2026-01-01T00:00:00.000Z',
  dateUpdated: '2026-01-01T00:00:00.000Z',
};
await store.senders.create(sender);
afterAll(async () => {
  rmSync(channelsDirectory, { recursive: true });
  s3.stop();
  await aws.stop();
});
beforeEach(async () => {
  await aws.drain('CALLBACKS_QUEUE_URL');
});

const AT = '2026-01-01T00:00:00.000Z';
const SEND_AT = '2099-01-01T00:00:00.000Z';

/** A message with this status, as the stages before would have left it. */
async function stored(status: MessageStatus, more: Partial<Message> = {}): Promise<Message> {
  const message: Message = {
    sid: newSid(more.media?.length ? 'MM' : 'SM', Date.now()),
    accountSid: ROOT_ACCOUNT_SID,
    senderSid: sender.sid,
    channel: 'whatsapp',
    direction: 'outbound-api',
    from: '15550001111',
    to: '15552223333',
    body: 'Hello',
    media: [],
    status,
    dateCreated: AT,
    dateUpdated: AT,
    validUntil: '2099-01-01T10:00:00.000Z',
    attempt: 0,
    channelMessageIds: [],
    timeline: [{ at: AT, event: status, by: 'api' }],
    ...more,
  };
  await store.messages.insert(message);
  return message;
}

const inbound = (more: Partial<Message> = {}) =>
  stored('received', { direction: 'inbound', from: '15552223333', to: '15550001111', ...more });
const now = (sid: string) => store.messages.get(ROOT_ACCOUNT_SID, sid);
const entries = async () => (await aws.items()).filter(({ pk }) => String(pk).startsWith('SCHEDULED#'));
const events = async (sid: string) => (await now(sid))?.timeline.map(({ event }) => event);
const callbacks = async () =>
  (await aws.drain('CALLBACKS_QUEUE_URL')).map((task) => (task as { params: Record<string, string> }).params);

describe('Status=canceled', () => {
  it.each<[status: MessageStatus, more: Partial<Message>]>([
    ['scheduled', { sendAt: SEND_AT }],
    ['queued', {}],
    ['queued', { backlogged: true }],
  ])('cancels a message that is %s (%o), tells the customer and clears the schedule', async (status, more) => {
    const { sid } = await stored(status, more);
    const entry = { accountSid: ROOT_ACCOUNT_SID, messageSid: sid };
    await store.schedule.add({ ...entry, kind: 'send', at: Date.parse(SEND_AT) });
    if (more.backlogged) await store.schedule.add({ ...entry, kind: 'expire', at: Date.parse('2099-01-01T10:00:00Z') });
    const changed = await client.messages(sid).update({ status: 'canceled' });
    expect(changed).toMatchObject({ sid, status: 'canceled', dateSent: null, body: 'Hello' });
    expect(await callbacks()).toMatchObject([{ MessageSid: sid, MessageStatus: 'canceled' }]);
    expect(await events(sid)).toEqual([status, 'canceled', 'callback']);
    if (more.sendAt) expect(await entries()).toEqual([]);
    else expect((await entries()).filter(({ kind }) => kind === 'expire')).toEqual([]);
    await store.schedule.remove({ messageSid: sid, at: Date.parse(SEND_AT) });
  });

  it('answers a repetition with the message, and tells the customer once', async () => {
    const { sid } = await stored('queued');
    await client.messages(sid).update({ status: 'canceled' });
    expect(await client.messages(sid).update({ status: 'canceled' })).toMatchObject({ status: 'canceled' });
    expect(await callbacks()).toHaveLength(1);
  });

  it.each<[status: MessageStatus, more: Partial<Message>]>([
    ['queued', { attempt: 1 }],
    ['sending', { attempt: 1 }],
    ['sent', { attempt: 1 }],
    ['delivered', { attempt: 1 }],
    ['failed', {}],
    ['received', { direction: 'inbound' }],
  ])('comes too late for a message that is %s (%o): 30409', async (status, more) => {
    const { sid } = await stored(status, more);
    const late = client.messages(sid).update({ status: 'canceled' });
    await expect(late).rejects.toMatchObject({ status: 409, code: 30409 });
    expect((await now(sid))?.status).toBe(status);
    expect(await callbacks()).toEqual([]);
  });

  it('and the first attempt to deliver exclude each other', async () => {
    const { sid } = await stored('queued');
    const task = { accountSid: ROOT_ACCOUNT_SID, messageSid: sid };
    const entry = { at: AT, event: 'sending', by: 'deliver' } as const;
    const [claimed, canceled] = await Promise.allSettled([
      store.messages.claim(task, { entry, leaseUntil: 0 }),
      client.messages(sid).update({ status: 'canceled' }),
    ]);
    const wasClaimed = claimed.status === 'fulfilled' && claimed.value.changed;
    expect(wasClaimed).toBe(canceled.status === 'rejected');
    expect((await now(sid))?.status).toBe(wasClaimed ? 'sending' : 'canceled');
  });

  it.each(['callback', 'note', 'entry'] as const)(
    'that was cut off before its %s is finished by the next',
    async (step) => {
      const message = await stored('scheduled', { sendAt: SEND_AT });
      await store.schedule.add({
        kind: 'send',
        accountSid: ROOT_ACCOUNT_SID,
        messageSid: message.sid,
        at: Date.parse(SEND_AT),
      });
      const crash = () => Promise.reject(new Error('the function was killed'));
      const { messages, schedule } = store;
      const announced: string[] = [];
      const cutOff = cancelMessage(message, {
        ...store,
        announce: async ({ idempotencyToken }) => {
          if (step === 'callback') await crash();
          announced.push(idempotencyToken);
        },
        messages: {
          cancel: messages.cancel.bind(messages),
          note: step === 'note' ? crash : messages.note.bind(messages),
        },
        schedule: { remove: step === 'entry' ? crash : schedule.remove.bind(schedule) },
      });
      await expect(cutOff).rejects.toThrow('killed');
      expect(await entries()).toHaveLength(1);
      await cancelMessage(message, {
        ...store,
        announce: async ({ idempotencyToken }) => {
          announced.push(idempotencyToken);
        },
      });
      // Queued twice at most, with one token: SQS drops the second.
      expect(new Set(announced).size).toBe(1);
      expect(announced).toHaveLength(step === 'note' ? 2 : 1);
      expect(await entries()).toEqual([]);
    },
  );
});

describe('Body=', () => {
  it.each<[what: string, make: () => Promise<Message>]>([
    ['a text', () => stored('delivered')],
    ['a failed message', () => stored('failed')],
    ['media', () => stored('sent', { media: [{ url: 'https://cdn.example/a.jpg' }] })],
    ['a place', () => stored('read', { body: undefined, location: { latitude: 1, longitude: 2, label: 'Office' } })],
    ['a contact’s message', () => inbound()],
    ['a contact’s place', () => inbound({ body: '', location: { latitude: 1, longitude: 2 } })],
  ])('forgets %s, and leaves that there was one', async (_what, make) => {
    const { sid, status } = await make();
    const changed = await client.messages(sid).update({ body: '' });
    expect(changed).toMatchObject({ sid, status, body: '', numMedia: '0', to: expect.stringContaining('whatsapp:') });
    expect(await client.messages(sid).media.list()).toEqual([]);
    const kept = JSON.stringify(await now(sid));
    for (const content of ['Hello', 'cdn.example', 'Office', 'latitude']) expect(kept).not.toContain(content);
    expect((await events(sid))?.at(-1)).toBe('redacted');
    // Again: nothing is left to forget.
    expect(await client.messages(sid).update({ body: '' })).toMatchObject({ body: '' });
    expect(await events(sid)).toHaveLength(2);
  });

  it.each<MessageStatus>(['scheduled', 'queued', 'sending'])('is refused while the message is %s', async (status) => {
    const { sid } = await stored(status);
    await expect(client.messages(sid).update({ body: '' })).rejects.toMatchObject({ status: 409, code: 20009 });
    expect((await now(sid))?.body).toBe('Hello');
  });
});

describe('DELETE', () => {
  it.each<MessageStatus>(['sent', 'delivered', 'read', 'failed', 'undelivered', 'canceled', 'received'])(
    'removes a message that is %s for good',
    async (status) => {
      const message = await stored(status);
      expect(await client.messages(message.sid).remove()).toBe(true);
      await expect(client.messages(message.sid).fetch()).rejects.toMatchObject({ status: 404, code: 20404 });
      await expect(client.messages(message.sid).remove()).rejects.toMatchObject({ status: 404, code: 20404 });
      expect((await client.messages.list({ limit: 1_000 })).map(({ sid }) => sid)).not.toContain(message.sid);
      const left = (await aws.items()).filter((item) => JSON.stringify(item).includes(message.sid.slice(2)));
      expect(left).toEqual([
        { pk: expect.any(String), sk: expect.any(String), deletedSid: message.sid, ttl: expect.any(Number) },
      ]);
      // What comes later changes nothing: a report, a webhook that is repeated.
      const entry = { at: AT, event: 'late', by: 'channel' } as const;
      expect(await store.messages.note(message, entry)).toEqual({ changed: false, message: undefined });
      expect(await store.messages.insert(message)).toBe(false);
    },
  );

  it.each<MessageStatus>(['scheduled', 'queued', 'sending'])('waits until a message is no more %s', async (status) => {
    const { sid } = await stored(status);
    await expect(client.messages(sid).remove()).rejects.toMatchObject({ status: 409, code: 20009 });
    expect(await now(sid)).toMatchObject({ status, body: 'Hello' });
  });

  it('lets a status that comes afterwards pass, so that nobody waits for the message', async () => {
    const { sid } = await stored('sent');
    await client.messages(sid).remove();
    const event = { type: 'status', channel: 'whatsapp', sid, timestamp: AT, status: 'delivered' } as const;
    const dependencies = { ...store, announce: async () => expect.unreachable(), now: Date.now };
    await applyStatus(event, { sender, channel: {} as never, gatewayUrl: '' }, dependencies as never);
    expect(await now(sid)).toBeUndefined();
  });
});

describe('media of a contact', () => {
  const file = { contentType: 'image/jpeg', id: 'provider-1' };

  it.each(['redacted', 'deleted'])('are removed from S3 when their message is %s', async (how) => {
    const message = await inbound({ media: [file, file] });
    const names = [0, 1].map((index) => ({
      accountSid: ROOT_ACCOUNT_SID,
      messageSid: message.sid,
      mediaSid: mediaSid(message.sid, index),
    }));
    for (const name of names) await media.put(name, 'image/jpeg', Buffer.from('the file'));
    const reader = new S3Client({ forcePathStyle: true });
    const read = ({ accountSid, messageSid, mediaSid: sid }: (typeof names)[number]) =>
      reader.send(new GetObjectCommand({ Bucket: 'media', Key: `${accountSid}/${messageSid}/${sid}` }));
    for (const name of names) expect((await read(name)).ContentLength).toBe(8);
    if (how === 'redacted') await client.messages(message.sid).update({ body: '' });
    else await client.messages(message.sid).remove();
    for (const name of names) await expect(read(name)).rejects.toMatchObject({ name: 'NoSuchKey' });
    reader.destroy();
  });
});

describe('a change', () => {
  const path = (sid: string) => `/2010-04-01/Accounts/${ROOT_ACCOUNT_SID}/Messages/${sid}.json`;

  it.each([
    ['both', 'Status=canceled&Body='],
    ['neither', ''],
    ['another text', 'Body=Bye'],
    ['another status', 'Status=delivered'],
  ])('that asks for %s is 30400, and changes nothing', async (_why, form) => {
    const { sid } = await stored('queued');
    const before = await aws.items();
    const answer = await call(handler, {
      method: 'POST',
      path: path(sid),
      bytes: Buffer.from(form),
      headers: { 'Content-Type': 'application/x-www-form-urlencoded' },
    });
    expect(answer).toMatchObject({ status: 400, body: { code: 30400, status: 400 } });
    expect(await aws.items()).toEqual(before);
  });

  it.each([`SM${'0'.repeat(32)}`, 'SM1'])('of %s, which is no message, is 30404', async (sid) => {
    const answer = await call(handler, { method: 'POST', path: path(sid), form: [['Status', 'canceled']] });
    expect(answer).toMatchObject({ status: 404, body: { code: 30404, status: 404 } });
  });
});
