import { rmSync } from 'node:fs';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import type { AcceptDependencies } from '../../lambdas/api/messages/accept-message.ts';
import type { Channel } from '../../lambdas/channels/types.ts';
import type { MessageRequest } from '../../lambdas/domain/message-request.ts';
import type { Sender } from '../../lambdas/domain/sender.ts';
import type { OutboundTask } from '../../lambdas/domain/tasks.ts';
import { ROOT_ACCOUNT_SID, startAws } from '../support/aws.ts';
import { bundleChannels } from '../support/channels.ts';

const aws = await startAws();
const channelsDirectory = bundleChannels();
const { acceptMessage } = await import('../../lambdas/api/messages/accept-message.ts');
const { allChannels } = await import('../../lambdas/api/channels.ts');
const { acceptDependencies } = await import('../../lambdas/api/messages/dependencies.ts');
const { MessageStore } = await import('../../lambdas/platform/stores/messages.ts');
const { SenderStore } = await import('../../lambdas/platform/stores/senders.ts');

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
const request: MessageRequest = {
  to: 'whatsapp:+15552223333',
  from: 'whatsapp:+15550001111',
  body: 'Hello',
  media: [],
  unknown: [],
};

const messages = new MessageStore('switchboard');
const senders = new SenderStore('switchboard');
await senders.create(sender);
afterAll(async () => {
  rmSync(channelsDirectory, { recursive: true });
  await aws.stop();
});

let queued: { task: OutboundTask; deduplicationId: string }[];
let dependencies: AcceptDependencies;
beforeEach(() => {
  queued = [];
  dependencies = {
    ...acceptDependencies({ TABLE_NAME: 'switchboard', OUTBOUND_QUEUE_URL: 'http://unused.invalid' }),
    async enqueue(task, { deduplicationId }) {
      queued.push({ task, deduplicationId });
    },
  };
});

const accept = (key?: string, changed: Partial<AcceptDependencies> = {}) =>
  acceptMessage(request, ROOT_ACCOUNT_SID, key === undefined ? undefined : { key, requestHash: 'hash' }, {
    ...dependencies,
    ...changed,
  });
const queueIsDown = () => Promise.reject(new Error('the queue is down'));
const countOfMessages = async () => (await aws.items()).filter((item) => 'timeline' in item).length;

describe('acceptMessage', () => {
  it.each([
    ['media', 21620, 'Invalid media URL(s): Pigeon cannot send media of type audio/mpeg.'],
    ['kind', 63005, 'Pigeon cannot send media of type audio/mpeg.'],
  ] as const)(
    'refuses at once what the channel cannot send (%s), and keeps nothing of it',
    async (what, code, message) => {
      const before = await countOfMessages();
      const channel = (await allChannels()).find(({ name }) => name === 'whatsapp');
      if (!channel) throw new Error('there is no channel');
      const asked: unknown[] = [];
      const picky: Channel = {
        ...channel,
        supports: async (...given) => {
          asked.push(...given);
          return { what, reason: 'pigeon cannot send media of type audio/mpeg' };
        },
      };
      const refused = accept(undefined, { channels: async () => [picky] });
      await expect(refused).rejects.toMatchObject({ code, status: 400, message });
      expect(await countOfMessages()).toBe(before);
      expect(queued).toEqual([]);
      expect(asked).toMatchObject([
        { channel: 'whatsapp', from: '15550001111', to: '15552223333', body: 'Hello' },
        { address: '15550001111', fields: {}, secrets: {} },
      ]);
    },
  );

  it('queues the message in the group of its conversation, under its own SID', async () => {
    const groups: string[] = [];
    const { message } = await accept(undefined, {
      async enqueue(task, { group, deduplicationId }) {
        groups.push(group, deduplicationId, task.messageSid);
      },
    });
    expect(groups).toEqual([expect.stringMatching(/^[0-9a-f]{40}$/), message.sid, message.sid]);
  });

  it('accepts nothing and keeps nothing when the queue is down', async () => {
    const before = await countOfMessages();
    await expect(accept(undefined, { enqueue: queueIsDown })).rejects.toMatchObject({ code: 20503, status: 503 });
    expect(await countOfMessages()).toBe(before);
  });

  it('finishes under the promised SID what failed for the queue before, past the queue’s memory of it', async () => {
    let promised: string | undefined;
    const failing = accept('queue-down', {
      async enqueue({ messageSid }) {
        promised = messageSid;
        throw new Error('the queue is down');
      },
    });
    await expect(failing).rejects.toMatchObject({ code: 20503 });
    const { message } = await accept('queue-down');
    expect(message.sid).toBe(promised);
    expect(queued).toEqual([
      {
        task: expect.objectContaining({ messageSid: promised }),
        deduplicationId: expect.not.stringMatching(/^SM.{32}$/),
      },
    ]);
  });

  it.each(['claim', 'insert'] as const)('finishes what crashed after its %s', async (step) => {
    const crash = () => Promise.reject(new Error('the function was killed'));
    const crashed =
      step === 'claim'
        ? accept(step, { messages: { ...bound(), insert: crash } })
        : // A killed function takes nothing back.
          accept(step, { enqueue: queueIsDown, messages: { ...bound(), remove: crash } });
    await expect(crashed).rejects.toThrow('killed');
    const before = await countOfMessages();

    const { message } = await accept(step);
    expect(await countOfMessages()).toBe(step === 'claim' ? before + 1 : before);
    expect(queued.map(({ task }) => task.messageSid)).toEqual([message.sid]);
  });

  it('does not queue again what is being delivered already', async () => {
    const first = await accept('on-its-way');
    const entry = { at: new Date().toISOString(), event: 'sending', by: 'deliver' } as const;
    await messages.advance(first.message, 'sending', entry);
    queued = [];
    const second = await accept('on-its-way');
    expect(second.message).toMatchObject({ sid: first.message.sid, status: 'sending' });
    expect(queued).toEqual([]);
  });

  it('answers with the message when only the answer of the queue was lost', async () => {
    const { message } = await accept(undefined, {
      async enqueue({ accountSid, messageSid }) {
        const entry = { at: new Date().toISOString(), event: 'sending', by: 'deliver' } as const;
        await messages.advance({ accountSid, sid: messageSid }, 'sending', entry);
        throw new Error('the answer was lost');
      },
    });
    expect(message.status).toBe('sending');
    expect(await messages.get(ROOT_ACCOUNT_SID, message.sid)).toBeDefined();
  });

  it('keeps what a repetition has accepted when the first request fails after it', async () => {
    const failing = accept('overtaken', {
      async enqueue() {
        await accept('overtaken');
        throw new Error('the queue was down for this one');
      },
    });
    await expect(failing).rejects.toMatchObject({ code: 20503 });
    const [accepted] = queued;
    expect(await messages.get(ROOT_ACCOUNT_SID, accepted?.task.messageSid ?? '')).toMatchObject({ status: 'queued' });
  });
});

function bound(): AcceptDependencies['messages'] {
  return {
    insert: (message) => messages.insert(message),
    get: (accountSid, sid) => messages.get(accountSid, sid),
    note: (message, entry) => messages.note(message, entry),
    remove: (message) => messages.remove(message),
    wasDeleted: (accountSid, sid) => messages.wasDeleted(accountSid, sid),
  };
}
