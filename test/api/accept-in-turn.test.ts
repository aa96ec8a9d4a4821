import { rmSync } from 'node:fs';
import { PutCommand } from '@aws-sdk/lib-dynamodb';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import type { AcceptDependencies } from '../../lambdas/api/messages/accept-message.ts';
import { BACKLOG_MS, LOOKAHEAD_MS } from '../../lambdas/domain/backlog.ts';
import type { MessageRequest } from '../../lambdas/domain/message-request.ts';
import type { Sender } from '../../lambdas/domain/sender.ts';
import type { OutboundTask } from '../../lambdas/domain/tasks.ts';
import { ROOT_ACCOUNT_SID, startAws } from '../support/aws.ts';
import { bundleChannels } from '../support/channels.ts';

const aws = await startAws();
const channelsDirectory = bundleChannels();
const { acceptMessage } = await import('../../lambdas/api/messages/accept-message.ts');
const { acceptDependencies } = await import('../../lambdas/api/messages/dependencies.ts');
const { dynamo } = await import('../../lambdas/platform/clients.ts');
const { paceKey } = await import('../../lambdas/platform/table.ts');
const { SenderStore } = await import('../../lambdas/platform/stores/senders.ts');
afterAll(async () => {
  rmSync(channelsDirectory, { recursive: true });
  await aws.stop();
});

const TO = '15552223333';
/** More than four hours of work, also when some time has passed. */
const TOO_MUCH_MS = BACKLOG_MS + 60_000;
let count = 0;
let sender: Sender;
let queued: { task: OutboundTask; deduplicationId: string }[];
let dependencies: ReturnType<typeof acceptDependencies>;

/** Every test has a sender of its own, since a sender's clock goes on. */
beforeEach(async () => {
  count += 1;
  sender = {
    sid: `XE${String(count).padStart(32, '0')}`,
    accountSid: ROOT_ACCOUNT_SID,
    channel: 'whatsapp',
    address: `1555000${1000 + count}`,
    status: 'ONLINE',
    fields: {},
    secretId: 'senders/a',
    webhookSecretHash: '',
    webhook: { callbackMethod: 'POST', fallbackMethod: 'POST' },
    dateCreated: '2026-01-01T00:00:00.000Z',
    dateUpdated: '2026-01-01T00:00:00.000Z',
  };
  await new SenderStore('switchboard').create(sender);
  queued = [];
  dependencies = acceptDependencies({ TABLE_NAME: 'switchboard', OUTBOUND_QUEUE_URL: 'http://unused.invalid' });
  dependencies.enqueue = async (task, { deduplicationId }) => {
    queued.push({ task: task as OutboundTask, deduplicationId });
  };
});

const accept = (
  asked: Partial<MessageRequest> = {},
  { key, ...changed }: Partial<AcceptDependencies> & { key?: string } = {},
) =>
  acceptMessage(
    { to: `whatsapp:+${TO}`, from: `whatsapp:+${sender.address}`, body: 'Hello', media: [], unknown: [], ...asked },
    ROOT_ACCOUNT_SID,
    key === undefined ? undefined : { key: `${key}/${sender.sid}`, requestHash: 'hash' },
    { ...dependencies, ...changed },
  );
/** The sender has been given so much already, in milliseconds of its rate. */
const isBusyFor = (ms: number, more: Record<string, number> = {}) => {
  const Item = { ...paceKey(sender.sid), admitted: Date.now() + ms, ...more };
  return dynamo.send(new PutCommand({ TableName: 'switchboard', Item }));
};
const itemsOf = async (pk: string) => (await aws.items()).filter((item) => String(item['pk']).startsWith(pk));
const backlog = () => itemsOf(`BACKLOG#${sender.sid}`);
const crash = () => Promise.reject(new Error('the function was killed'));

describe('a message', () => {
  it('goes to the queue while its sender has room, and its account is noted before it is stored', async () => {
    const steps: string[] = [];
    const { activity, messages } = dependencies;
    const { message } = await accept(
      {},
      {
        activity: {
          note: async (...noted) => {
            await activity.note(...noted);
            steps.push('noted');
          },
        },
        messages: Object.assign(Object.create(messages), {
          insert: (stored: never) => {
            steps.push('stored');
            return messages.insert(stored);
          },
        }),
        enqueue: async () => {
          steps.push('queued');
        },
      },
    );
    expect(steps).toEqual(['noted', 'stored', 'queued']);
    expect(message).not.toHaveProperty('backlogged');
    expect(message).not.toHaveProperty('windowUntil');
    expect(await itemsOf('ACCEPTED#')).not.toEqual([]);
    expect(await backlog()).toEqual([]);
  });

  it('is hidden in the queue until its turn where that is seconds away', async () => {
    await isBusyFor(LOOKAHEAD_MS - 1_000);
    const { message } = await accept();
    expect(queued).toMatchObject([{ task: { messageSid: message.sid }, deduplicationId: message.sid }]);
    expect(queued[0]?.task.dueAt).toBeGreaterThan(Date.now());
  });

  it('waits in the table when the queue has enough of its sender', async () => {
    await isBusyFor(LOOKAHEAD_MS * 2);
    const { message } = await accept();
    expect(message).toMatchObject({ status: 'queued', backlogged: true });
    expect(await dependencies.messages.get(ROOT_ACCOUNT_SID, message.sid)).toEqual(message);
    expect(await backlog()).toMatchObject([{ task: { messageSid: message.sid }, group: expect.any(String) }]);
    expect(queued).toEqual([]);
  });

  it('leaves at most an entry without a message when it is cut off, which its repetition finishes', async () => {
    await isBusyFor(LOOKAHEAD_MS * 2);
    const broken = Object.assign(Object.create(dependencies.messages), { insert: crash });
    await expect(accept({}, { key: 'cut-off', messages: broken })).rejects.toThrow('killed');
    expect(await backlog()).toHaveLength(1);
    const { message } = await accept({}, { key: 'cut-off' });
    expect(message.backlogged).toBe(true);
    expect(new Set((await backlog()).map(({ task }) => (task as OutboundTask).messageSid))).toEqual(
      new Set([message.sid]),
    );
    const again = await accept({}, { key: 'cut-off' });
    expect(again.message).toEqual(message);
    expect(queued).toEqual([]);
  });

  it('is refused with 21611 beyond four hours of its sender’s rate, and nothing of it is stored', async () => {
    await isBusyFor(TOO_MUCH_MS);
    const before = await aws.items();
    await expect(accept()).rejects.toMatchObject({
      code: 21611,
      status: 400,
      message: expect.stringMatching(/^This 'From' number has exceeded the maximum number of queued messages/),
    });
    expect(await aws.items()).toEqual(before);
    expect(queued).toEqual([]);
  });

  it('is accepted when it comes again after it was too much', async () => {
    await isBusyFor(TOO_MUCH_MS);
    await expect(accept({}, { key: 'too-much' })).rejects.toMatchObject({ code: 21611 });
    await isBusyFor(0);
    const { message } = await accept({}, { key: 'too-much' });
    expect(queued).toMatchObject([{ task: { messageSid: message.sid } }]);
  });

  it('stays behind those of its contact that wait, though the queue has room again', async () => {
    await isBusyFor(LOOKAHEAD_MS * 2);
    await accept();
    await isBusyFor(0);
    dependencies = {
      ...acceptDependencies({ TABLE_NAME: 'switchboard', OUTBOUND_QUEUE_URL: 'http://unused.invalid' }),
      enqueue: dependencies.enqueue,
    };
    expect((await accept()).message.backlogged).toBe(true);
    expect((await accept({ to: 'whatsapp:+15552224444' })).message).not.toHaveProperty('backlogged');
  });

  it.each([
    ['is listed to fail when its validity ends before its turn', 60, 1],
    ['is not where its turn comes before', 36_000, 0],
  ])('that waits %s', async (_why, validityPeriod, entries) => {
    await isBusyFor(LOOKAHEAD_MS + 3_600_000);
    const { message } = await accept({ validityPeriod });
    const listed = (await itemsOf('SCHEDULED#')).filter(({ messageSid }) => messageSid === message.sid);
    expect(listed).toHaveLength(entries);
    const at = Date.parse(message.validUntil ?? '');
    expect(listed).toMatchObject(listed.map(() => ({ kind: 'expire', accountSid: ROOT_ACCOUNT_SID, at })));
  });

  it('counts as accepted although the end of its validity could not be noted', async () => {
    await isBusyFor(LOOKAHEAD_MS + 3_600_000);
    const { message } = await accept({ validityPeriod: 60 }, { schedule: { add: crash } });
    expect(message.backlogged).toBe(true);
  });
});

describe('a reply', () => {
  it.each([
    ['an answer to a webhook', { isReply: true as const }, undefined],
    ['a message in an open window', {}, 3_600_000],
  ])('is %s: it passes its sender’s campaign', async (_what, asked, wroteBefore) => {
    const wroteAt = Date.now() - (wroteBefore ?? 0);
    if (wroteBefore !== undefined) await dependencies.windows.open(sender.sid, TO, wroteAt);
    await isBusyFor(LOOKAHEAD_MS * 2);
    const { message } = await accept(asked);
    expect(message).not.toHaveProperty('backlogged');
    expect(message.windowUntil).toBe(wroteBefore === undefined ? undefined : wroteAt + 24 * 3_600_000);
    expect(queued).toMatchObject([{ task: { reply: true, messageSid: message.sid } }]);
    expect(queued[0]?.task).not.toHaveProperty('dueAt');
  });

  it('to a webhook is never too much: nobody could be told', async () => {
    await isBusyFor(TOO_MUCH_MS, { replied: Date.now() + TOO_MUCH_MS });
    expect((await accept({ isReply: true })).message.backlogged).toBe(true);
  });

  it('is none in a window that has closed', async () => {
    await dependencies.windows.open(sender.sid, TO, Date.now() - 24 * 3_600_000);
    const { message } = await accept();
    expect(message).not.toHaveProperty('windowUntil');
    expect(queued[0]?.task).not.toHaveProperty('reply');
  });
});

describe('a repetition', () => {
  it('queues a reply as a reply again', async () => {
    await dependencies.windows.open(sender.sid, TO, Date.now());
    await accept({}, { key: 'reply' });
    await accept({}, { key: 'reply' });
    expect(queued.map(({ task }) => task)).toEqual([queued[0]?.task, queued[0]?.task]);
  });

  it('takes nothing back that was accepted when the queue fails it', async () => {
    const { message } = await accept({}, { key: 'queue-down-later' });
    const repeated = accept({}, { key: 'queue-down-later', enqueue: crash });
    await expect(repeated).rejects.toMatchObject({ code: 20503 });
    expect(await dependencies.messages.get(ROOT_ACCOUNT_SID, message.sid)).toMatchObject({ status: 'queued' });
  });

  it('follows what a request at the same time has stored, not what it found out itself', async () => {
    await isBusyFor(LOOKAHEAD_MS * 2);
    const { contact } = dependencies.windows;
    let first: Awaited<ReturnType<typeof accept>> | undefined;
    const second = await accept(
      {},
      {
        key: 'at-once',
        windows: Object.assign(Object.create(dependencies.windows), {
          async contact(...asked: Parameters<typeof contact>) {
            first ??= await accept({}, { key: 'at-once' });
            await isBusyFor(0);
            return contact.apply(dependencies.windows, asked);
          },
        }),
        admission: { place: async () => ({ place: 'queue', turn: Date.now() }) },
      },
    );
    expect(second.message).toEqual(first?.message);
    expect(queued).toEqual([]);
  });

  it('of a request whose message was deleted is refused, and sends nothing again', async () => {
    const { message } = await accept({}, { key: 'deleted' });
    const entry = { at: new Date().toISOString(), event: 'failed', by: 'deliver' } as const;
    await dependencies.messages.advance(message, 'failed', entry);
    expect(await dependencies.messages.delete(message, Date.now())).toBe(true);
    queued = [];
    await expect(accept({}, { key: 'deleted' })).rejects.toMatchObject({ code: 20422, status: 400 });
    expect(queued).toEqual([]);
  });
});
