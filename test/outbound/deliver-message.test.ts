import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { MissingValueError } from '../../lambdas/channels/http/request.ts';
import {
  type Channel,
  type HttpRequest,
  type OutboundMessage,
  type Outcome,
  type Step,
  UnsupportedMessageError,
} from '../../lambdas/channels/types.ts';
import type { Message } from '../../lambdas/domain/message.ts';
import type { Sender } from '../../lambdas/domain/sender.ts';
import { newSid } from '../../lambdas/domain/sid.ts';
import type { CallbackTask } from '../../lambdas/domain/tasks.ts';
import { ROOT_ACCOUNT_SID, startAws } from '../support/aws.ts';
import { startProvider } from '../support/provider.ts';

const aws = await startAws();
const provider = await startProvider();
const { deliverMessage } = await import('../../lambdas/outbound/deliver-message.ts');
const { LEASE_MS } = await import('../../lambdas/outbound/attempt.ts');
const { CredentialSource } = await import('../../lambdas/outbound/credentials.ts');
const { MessageStore } = await import('../../lambdas/platform/stores/messages.ts');
const { MessageIdStore } = await import('../../lambdas/platform/stores/message-ids.ts');
const { PacingStore } = await import('../../lambdas/platform/stores/pacing.ts');
const { SenderStore } = await import('../../lambdas/platform/stores/senders.ts');
const { SessionStore } = await import('../../lambdas/platform/stores/sessions.ts');
const { SenderSecrets } = await import('../../lambdas/platform/sender-secrets.ts');
const { SentMessageStore } = await import('../../lambdas/platform/stores/sent-messages.ts');
const { WindowStore } = await import('../../lambdas/platform/stores/windows.ts');
afterAll(() => Promise.all([aws.stop(), provider.stop()]));

const START = Date.parse('2026-03-01T12:00:00Z');
const CONTACT = '15552223333';
const table = process.env['TABLE_NAME'] ?? '';
const messages = new MessageStore(table);
const senders = new SenderStore(table);
const windows = new WindowStore(table);
const messageIds = new MessageIdStore(table);
const sentMessages = new SentMessageStore(table);
const secrets = new SenderSecrets('senders/');
let now = START;
let announced: CallbackTask[] = [];
let sender: Sender;

beforeEach(async () => {
  now = START;
  announced = [];
  provider.requests.length = 0;
  const sid = newSid('XE', now);
  sender = {
    sid,
    accountSid: ROOT_ACCOUNT_SID,
    channel: 'stub',
    address: sid.slice(2),
    status: 'ONLINE',
    fields: {},
    secretId: secrets.idFor(sid),
    webhookSecretHash: '',
    webhook: { callbackMethod: 'POST', fallbackMethod: 'POST' },
    dateCreated: new Date(now).toISOString(),
    dateUpdated: new Date(now).toISOString(),
  };
  await senders.create(sender);
  await secrets.create(sender.secretId, { secrets: {}, webhookSecret: 'w' });
});

/** A channel whose provider answers with outcomes as they are. Unless told otherwise it plans what it renders, without steps. */
function stubChannel(overrides: Partial<Channel> = {}): Channel {
  const channel: Channel = {
    name: 'stub',
    address: { scheme: 'stub:', parse: (text) => text, format: (address) => `stub:+${address}` },
    limits: { textLength: 100, rate: { perSecond: 20, burst: 60 } },
    window: undefined,
    inDoubt: 'resend',
    validityPeriod: 3_600,
    needsIdPointer: true,
    hasWatermarks: false,
    hasDeletions: false,
    webhookAnswer: { status: 200, headers: {}, body: '' },
    registration: { fields: {}, secrets: {}, setsWebhook: true },
    login: undefined,
    download: undefined,
    downloaded: undefined,
    supports: async () => undefined,
    plan: async (...given) =>
      (await channel.render(...given)).map((request) => ({ steps: [], request: () => request })),
    render: async (message: OutboundMessage): Promise<HttpRequest[]> =>
      (message.body ?? '')
        .split('|')
        .map((part) => ({ method: 'POST', url: `${provider.url}/send`, headers: {}, body: part })),
    interpret: async ({ body }) => JSON.parse(body) as Outcome,
    refusal: async () => undefined,
    receive: async () => ({ kind: 'events', events: [] }),
    connect: async () => [],
    disconnect: async () => [],
    ...overrides,
  };
  return channel;
}

const accepted = (id = 'id-1') => ({ body: { outcome: 'accepted', id } });
const failed = (outcome: Partial<Extract<Outcome, { outcome: 'failed' }>>) => ({
  body: { outcome: 'failed', class: 'retry', twilioCode: 63012, scope: 'contact', ...outcome },
});

async function queue(overrides: Partial<Message> = {}): Promise<Message> {
  const at = new Date(now).toISOString();
  const message: Message = {
    sid: newSid('SM', now),
    accountSid: ROOT_ACCOUNT_SID,
    senderSid: sender.sid,
    channel: 'stub',
    direction: 'outbound-api',
    from: sender.address,
    to: CONTACT,
    body: 'Hi',
    media: [],
    status: 'queued',
    statusCallback: 'https://customer.example/status',
    dateCreated: at,
    dateUpdated: at,
    validUntil: new Date(now + 3_600_000).toISOString(),
    attempt: 0,
    channelMessageIds: [],
    timeline: [{ at, event: 'queued', by: 'api' }],
    ...overrides,
  };
  await messages.insert(message);
  return message;
}

function deliver(message: Message, channel = stubChannel()) {
  return deliverMessage(
    { accountSid: message.accountSid, senderSid: message.senderSid, messageSid: message.sid },
    {
      messages,
      senders,
      windows,
      messageIds,
      sentMessages,
      pacing: new PacingStore(table),
      credentials: new CredentialSource({ secrets, sessions: new SessionStore(table), allowLoopback: true }),
      channel: () => channel,
      announce: async (task) => {
        announced.push(task);
      },
      allowLoopback: true,
      leaseMs: LEASE_MS,
      now: () => now,
    },
  );
}

const stored = async (message: Message) => {
  const found = await messages.get(message.accountSid, message.sid);
  if (!found) throw new Error('the message is gone');
  return found;
};
const events = (message: Message) => message.timeline.map(({ event }) => event);
const statuses = () => announced.map(({ params }) => params['MessageStatus']);

describe('delivering a message', () => {
  it('sends it, records the channel id both ways, and announces sent', async () => {
    provider.script(accepted('wamid-1'));
    const message = await queue();

    expect(await deliver(message)).toEqual({ done: true });

    const after = await stored(message);
    expect(after).toMatchObject({ status: 'sent', attempt: 1, channelMessageIds: ['wamid-1'] });
    expect(after.dateSent).toBe(new Date(now).toISOString());
    expect(events(after)).toEqual(['queued', 'sending', 'sent']);
    expect(await messageIds.find(sender.sid, 'wamid-1')).toBe(message.sid);
    expect(announced[0]?.params).toMatchObject({
      MessageSid: message.sid,
      MessageStatus: 'sent',
      To: `stub:+${CONTACT}`,
    });
  });

  it('does not send a message twice when its task is delivered again', async () => {
    provider.script(accepted());
    const message = await queue();
    await deliver(message);

    expect(await deliver(message)).toEqual({ done: true });

    expect(provider.requests).toHaveLength(1);
    expect(statuses()).toEqual(['sent', 'sent']);
    expect(new Set(announced.map(({ idempotencyToken }) => idempotencyToken)).size).toBe(1);
  });

  it('resumes at the part that failed', async () => {
    provider.script(accepted('a'), failed({ class: 'retry' }), accepted('b'));
    const message = await queue({ body: 'one|two' });

    const first = await deliver(message);
    expect(first).toMatchObject({ done: false });
    expect(await stored(message)).toMatchObject({ status: 'queued', channelMessageIds: ['a'] });
    expect(await deliver(message)).toEqual({ done: true });

    expect(provider.requests.map(({ body }) => body)).toEqual(['one', 'two', 'two']);
    expect(await stored(message)).toMatchObject({ status: 'sent', channelMessageIds: ['a', 'b'], attempt: 2 });
  });

  it('leaves a status that came back before the send was recorded', async () => {
    const message = await queue();
    const channel = stubChannel({
      interpret: async () => {
        // The channel reports `delivered` while its answer to the send is still being read.
        const entry = { at: new Date(now).toISOString(), event: 'delivered', by: 'channel' as const };
        await messages.advance(message, 'delivered', entry);
        return { outcome: 'accepted', id: 'fast' };
      },
    });
    provider.script(accepted('fast'));

    expect(await deliver(message, channel)).toEqual({ done: true });

    expect(await stored(message)).toMatchObject({ status: 'delivered', channelMessageIds: ['fast'] });
    expect(statuses()).toEqual([]);
  });
});

describe('a channel with steps', () => {
  const stepping = (read: Step['read']) =>
    stubChannel({
      plan: async () => [
        {
          steps: [
            {
              name: 'file',
              kind: 'request',
              request: () => ({ method: 'POST', url: `${provider.url}/upload`, headers: {}, body: '' }),
              read,
              placeholder: {},
            },
          ],
          request: (values) => ({
            method: 'POST',
            url: `${provider.url}/send`,
            headers: {},
            body: String(values['file']),
          }),
        },
      ],
    });

  it('makes them first, and sends what they gave', async () => {
    provider.script({}, accepted());
    const message = await queue();

    await deliver(
      message,
      stepping(async () => ({ outcome: 'done', value: 'file-1' })),
    );

    expect(provider.requests.map(({ path, body }) => [path, body])).toEqual([
      ['/upload', ''],
      ['/send', 'file-1'],
    ]);
    expect((await stored(message)).status).toBe('sent');
  });

  it('sends nothing when one of them fails, and tries again where that may help', async () => {
    const failure = (errorClass: 'retry' | 'permanent') =>
      stepping(async () => ({ outcome: 'failed', class: errorClass, twilioCode: 63019, scope: 'contact' }));
    const [again, never] = [await queue(), await queue()];

    expect(await deliver(again, failure('retry'))).toMatchObject({ done: false });
    expect(await deliver(never, failure('permanent'))).toEqual({ done: true });

    expect((await stored(again)).status).toBe('queued');
    expect(await stored(never)).toMatchObject({ status: 'failed', errorCode: 63019 });
    expect(provider.requests.every(({ path }) => path === '/upload')).toBe(true);
  });

  it('is in doubt only about the message itself: an upload without an answer is made again', async () => {
    provider.script('hang up');
    const message = await queue();

    const channel = { ...stepping(async () => ({ outcome: 'done', value: '' })), inDoubt: 'give-up' as const };
    expect(await deliver(message, channel)).toMatchObject({ done: false });

    expect((await stored(message)).status).toBe('queued');
  });

  it.each([
    ['the channel cannot send', new UnsupportedMessageError('no'), 63006],
    ['the sender is not complete for', new MissingValueError('no key'), 63008],
  ])('fails a message that %s, found when its request is made', async (_label, error, errorCode) => {
    const message = await queue();
    const failing = () => {
      throw error;
    };

    await deliver(message, stubChannel({ plan: async () => [{ steps: [], request: failing }] }));

    expect(await stored(message)).toMatchObject({ status: 'failed', errorCode });
  });
});

describe('a channel with watermarks', () => {
  it('has what a contact was sent listed, by the time before its request left', async () => {
    provider.script(accepted());
    const message = await queue();

    await deliver(message, stubChannel({ hasWatermarks: true, needsIdPointer: false }));

    const listed = await sentMessages.until(sender.sid, CONTACT, now, 'delivered');
    expect(listed).toEqual([{ messageSid: message.sid, at: now }]);
  });

  it('lists nothing elsewhere', async () => {
    provider.script(accepted());
    await deliver(await queue());
    expect(await sentMessages.until(sender.sid, CONTACT, now, 'delivered')).toEqual([]);
  });
});

describe('a channel that refuses', () => {
  it.each([
    ['recipient', 63024],
    ['permanent', 63021],
    ['window', 63016],
  ] as const)('fails the message at once on class %s', async (errorClass, twilioCode) => {
    provider.script(failed({ class: errorClass, twilioCode, code: '42', title: 'No' }));
    const message = await queue();

    expect(await deliver(message)).toEqual({ done: true });

    expect(await stored(message)).toMatchObject({ status: 'failed', errorCode: twilioCode, errorMessage: 'No' });
    expect(announced[0]?.params).toMatchObject({ MessageStatus: 'failed', ErrorCode: String(twilioCode) });
  });

  it('queues the message again for as long as Retry-After says', async () => {
    provider.script(failed({ class: 'retry', retryAfter: 17 }));
    const message = await queue();

    expect(await deliver(message)).toEqual({ done: false, retryIn: 17 });

    const after = await stored(message);
    expect(after).toMatchObject({ status: 'queued', attempt: 1 });
    expect(after.timeline.at(-1)).toMatchObject({ event: 'retry', detail: { attempt: 1, seconds: 17 } });
  });

  it('gives up with the channel’s code when the next attempt would come after the validity period', async () => {
    provider.script(failed({ class: 'retry', twilioCode: 63012, retryAfter: 120 }));
    const message = await queue({ validUntil: new Date(now + 60_000).toISOString() });

    expect(await deliver(message)).toEqual({ done: true });

    expect(await stored(message)).toMatchObject({ status: 'failed', errorCode: 63012 });
  });

  it('pauses the whole sender when the limit is the sender’s', async () => {
    provider.script(failed({ class: 'rate-limited', retryAfter: 30, scope: 'sender' }));
    const message = await queue();

    expect(await deliver(message)).toEqual({ done: false, retryIn: 30 });

    const rate = { perSecond: 20, burst: 60 };
    const reservation = await new PacingStore(table).reserve(sender.sid, 1, rate, now);
    expect(reservation).toEqual({ waitMs: 30_000 });
  });
});

describe('a provider that does not answer', () => {
  it('tries again after a connection that was refused', async () => {
    const message = await queue();
    const nowhere = stubChannel({
      render: async () => [{ method: 'POST', url: 'http://127.0.0.1:1/', headers: {}, body: '' }],
    });

    expect(await deliver(message, nowhere)).toMatchObject({ done: false });

    expect(await stored(message)).toMatchObject({ status: 'queued', attempt: 1 });
  });

  it.each([
    ['resend', 'queued', undefined],
    ['give-up', 'failed', 30410],
  ] as const)('with %s, a send in doubt leaves the message %s', async (inDoubt, status, errorCode) => {
    provider.script('hang up');
    const message = await queue();

    await deliver(message, stubChannel({ inDoubt }));

    const after = await stored(message);
    expect(after.status).toBe(status);
    expect(after.errorCode).toBe(errorCode);
  });
});

describe('a function that died while sending', () => {
  const dead = (at: number): Partial<Message> => ({ status: 'sending', attempt: 1, leaseUntil: at + LEASE_MS });

  it('is waited for until its lease runs out', async () => {
    const message = await queue(dead(now));
    expect(await deliver(message)).toEqual({ done: false, retryIn: LEASE_MS / 1_000 });
    expect(provider.requests).toHaveLength(0);
  });

  it('is taken over when the channel’s spec says resend', async () => {
    provider.script(accepted());
    const message = await queue(dead(now));
    now += LEASE_MS;

    expect(await deliver(message)).toEqual({ done: true });

    const after = await stored(message);
    expect(after).toMatchObject({ status: 'sent', attempt: 2 });
    expect(events(after)).toEqual(['queued', 'in-doubt', 'sent']);
  });

  it('is given up on when the channel’s spec says so, without sending', async () => {
    const message = await queue(dead(now));
    now += LEASE_MS;

    expect(await deliver(message, stubChannel({ inDoubt: 'give-up' }))).toEqual({ done: true });

    expect(await stored(message)).toMatchObject({ status: 'failed', errorCode: 30410 });
    expect(provider.requests).toHaveLength(0);
  });
});

describe('rules before sending', () => {
  const withWindow = stubChannel({ window: { hours: 24, errorCode: 63016, outside: ['template'] } });

  it.each([
    ['never wrote', undefined, 'failed'],
    ['wrote 24 hours ago', 24 * 3_600_000, 'failed'],
    ['wrote a second less than 24 hours ago', 24 * 3_600_000 - 1_000, 'sent'],
  ])('a free-form message to a contact who %s', async (_, age, status) => {
    provider.script(accepted());
    if (age !== undefined) await windows.open(sender.sid, CONTACT, now - age);
    const message = await queue();

    await deliver(message, withWindow);

    expect((await stored(message)).status).toBe(status);
    expect((await stored(message)).errorCode).toBe(status === 'failed' ? 63016 : undefined);
  });

  it('lets only so many messages go since the contact wrote, whatever they are tried', async () => {
    const counted = stubChannel({ window: { hours: 48, count: 2, errorCode: 63016, outside: ['template'] } });
    await windows.open(sender.sid, CONTACT, now);
    provider.script(failed({ class: 'retry' }), accepted('a'), failed({ class: 'permanent' }), accepted('b'));

    const [first, refused, second, third] = [await queue(), await queue(), await queue(), await queue()];
    expect(await deliver(first, counted)).toMatchObject({ done: false });
    for (const message of [first, refused, second, third]) await deliver(message, counted);

    const statuses = await Promise.all(
      [first, refused, second, third].map(async (message) => (await stored(message)).status),
    );
    expect(statuses).toEqual(['sent', 'failed', 'sent', 'failed']);
    expect(await stored(third)).toMatchObject({
      errorCode: 63016,
      errorMessage: expect.stringContaining('2 messages'),
    });
    expect(provider.requests).toHaveLength(4);
  });

  it('fails a message whose validity period is over', async () => {
    const message = await queue({ validUntil: new Date(now).toISOString() });
    await deliver(message);
    expect(await stored(message)).toMatchObject({ status: 'failed', errorCode: 30036 });
  });

  it('fails a message whose sender was removed', async () => {
    const message = await queue();
    await senders.remove(sender);
    await deliver(message);
    expect(await stored(message)).toMatchObject({ status: 'failed', errorCode: 63002 });
  });
});

describe('a channel with sessions', () => {
  const session = (token: string, days: number) => ({
    token,
    expiresAt: new Date(START + days * 86_400_000).toISOString(),
  });
  const withLogin = (given: string) =>
    stubChannel({
      login: {
        renewBefore: 86_400,
        request: async () => ({ method: 'POST', url: `${provider.url}/login`, headers: {}, body: '' }),
        session: async () => session(given, 7),
      },
      render: async (_message, _sender, current) => [
        { method: 'POST', url: `${provider.url}/send`, headers: { authorization: current?.token ?? '' }, body: '' },
      ],
    });

  it('stores a new session before it uses it', async () => {
    provider.script({}, accepted());
    await deliver(await queue(), withLogin('new'));

    expect(provider.requests.map(({ path, headers }) => [path, headers['authorization']])).toEqual([
      ['/login', undefined],
      ['/send', 'new'],
    ]);
    expect((await secrets.get(sender.secretId, { fresh: true })).session?.token).toBe('new');
  });

  it('uses a session that is far from its end without logging in', async () => {
    await secrets.put(sender.secretId, { secrets: {}, webhookSecret: 'w', session: session('kept', 3) });
    provider.script(accepted());
    await deliver(await queue(), withLogin('new'));
    expect(provider.requests.map(({ headers }) => headers['authorization'])).toEqual(['kept']);
  });

  it('replaces a session that the channel refuses, once, and sends', async () => {
    await secrets.put(sender.secretId, { secrets: {}, webhookSecret: 'w', session: session('dead', 3) });
    provider.script(failed({ class: 'auth', twilioCode: 63001, scope: 'sender' }), {}, accepted());
    const message = await queue();

    await deliver(message, withLogin('new'));

    expect(provider.requests.map(({ path }) => path)).toEqual(['/send', '/login', '/send']);
    expect((await stored(message)).status).toBe('sent');
  });

  it('uses the session that another function has stored meanwhile', async () => {
    await secrets.put(sender.secretId, { secrets: {}, webhookSecret: 'w', session: session('dead', 3) });
    const elsewhere = new SenderSecrets('senders/');
    provider.script(failed({ class: 'auth', twilioCode: 63001, scope: 'sender' }), accepted());
    const message = await queue();
    await secrets.get(sender.secretId);
    await elsewhere.put(sender.secretId, { secrets: {}, webhookSecret: 'w', session: session('fresh', 7) });

    await deliver(message, withLogin('unused'));

    expect(provider.requests.map(({ headers }) => headers['authorization'])).toEqual(['dead', 'fresh']);
  });
});
