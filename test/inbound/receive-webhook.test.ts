import { createHash } from 'node:crypto';
import { beforeEach, describe, expect, it } from 'vitest';
import type { ChannelEvent, HttpRequest, WebhookReading } from '../../lambdas/channels/types.ts';
import type { Sender } from '../../lambdas/domain/sender.ts';
import type { DeadLetter } from '../../lambdas/domain/tasks.ts';
import { receiveWebhook, type WebhookDependencies } from '../../lambdas/inbound/receive-webhook.ts';

const NOW = Date.parse('2026-03-01T12:00:00Z');
const senderAt = (address: string, accountSid = 'AC1'): Sender => ({
  sid: `XE-${address}`,
  accountSid,
  channel: 'stub',
  address,
  status: 'ONLINE',
  fields: {},
  secretId: 's',
  webhookSecretHash: createHash('sha256').update('right').digest('hex'),
  webhook: { callbackMethod: 'POST', fallbackMethod: 'POST' },
  dateCreated: '',
  dateUpdated: '',
});
const own = senderAt('page-1');
const sibling = senderAt('page-2');
const foreign = senderAt('page-3', 'AC2');

let applied: { event: ChannelEvent; sender: string }[];
let letters: DeadLetter[];
let confirmed: HttpRequest[];
beforeEach(() => {
  applied = [];
  letters = [];
  confirmed = [];
});

/** One webhook to the first page, which means `reading`. */
function receive(reading: WebhookReading, overrides: Partial<WebhookDependencies> = {}) {
  const dependencies = {
    senders: {
      get: async () => own,
      byAddress: async (_channel: string, address: string) =>
        [own, sibling, foreign].find((sender) => sender.address === address),
    },
    secrets: { get: async () => ({ secrets: {}, webhookSecret: 'right' }) },
    channel: () => ({
      receive: async () => reading,
      webhookAnswer: { status: 200, headers: { 'Content-Type': 'text/plain' }, body: 'success' },
    }),
    apply: async (event: ChannelEvent, { sender }: { sender: Sender }) => {
      applied.push({ event, sender: sender.sid });
    },
    postpone: async () => undefined,
    bury: async (letter: DeadLetter) => {
      letters.push(letter);
    },
    confirm: async (request: HttpRequest) => {
      confirmed.push(request);
    },
    now: () => NOW,
    ...overrides,
  } as unknown as WebhookDependencies;
  const path = { channel: 'stub', accountSid: 'AC1', senderSid: own.sid, secret: 'right' };
  const request = { method: 'POST' as const, headers: {}, query: {}, body: 'x' };
  return receiveWebhook(path, request, 'https://gateway.example', dependencies);
}

const message = (to: string): ChannelEvent => ({
  type: 'message',
  channel: 'stub',
  id: '1',
  from: 'contact',
  to,
  timestamp: '2026-03-01T12:00:00.000Z',
  text: 'private',
  raw: {},
});
const deletion = (to: string): ChannelEvent => ({ type: 'deletion', channel: 'stub', id: '1', from: 'contact', to });
const status = (from?: string): ChannelEvent => ({
  type: 'status',
  channel: 'stub',
  id: '1',
  ...(from !== undefined && { from }),
  timestamp: '2026-03-01T12:00:00.000Z',
  status: 'delivered',
});

describe('a webhook for several senders', () => {
  it.each([
    ['a message to the sender of the path', message('page-1'), own.sid],
    ['a message to another sender of the account', message('page-2'), sibling.sid],
    ['a deletion at another sender of the account', deletion('page-2'), sibling.sid],
    ['a status that names no sender', status(), own.sid],
    ['a status of another sender of the account', status('page-2'), sibling.sid],
    ['news of the account', { type: 'account', channel: 'stub', name: 'x', detail: null } as const, own.sid],
  ])('gives %s to whom it belongs', async (_label, event, sender) => {
    await receive({ kind: 'events', events: [event] });
    expect(applied).toEqual([{ event, sender }]);
    expect(letters).toEqual([]);
  });

  it.each([
    ['of nobody', message('page-9')],
    ['of another account', message('page-3')],
    ['a deletion of another account', deletion('page-3')],
    ['of a status of another account', status('page-3')],
  ])('gives what is %s to nobody, and keeps it', async (_label, event) => {
    const answer = await receive({ kind: 'events', events: [event, message('page-1')] });
    expect(answer.status).toBe(200);
    expect(applied.map(({ sender }) => sender)).toEqual([own.sid]);
    // As a task, so that it can be redriven to a sender that is registered later.
    expect(letters).toMatchObject([
      { kind: 'event', accountSid: 'AC1', senderSid: own.sid, payload: { senderSid: own.sid, event } },
    ]);
  });
});

describe('an answer to a webhook', () => {
  const answer = { status: 200, headers: { 'Content-Type': 'text/plain' }, body: 'success' };

  it.each<[string, WebhookReading]>([
    ['that was taken', { kind: 'events', events: [] }],
    ['that was kept as malformed', { kind: 'malformed', reason: 'x' }],
  ])('%s is the one that the channel wants', async (_label, reading) => {
    expect(await receive(reading)).toEqual(answer);
  });

  it('to a handshake comes after its confirmation', async () => {
    const confirm: HttpRequest = { method: 'GET', url: 'https://provider.example/confirm', headers: {} };
    const reading: WebhookReading = { kind: 'handshake', answer: { status: 200, headers: {}, body: 'hi' }, confirm };
    expect(await receive(reading)).toEqual(reading.answer);
    expect(confirmed).toEqual([confirm]);
    const refusing = receive(reading, { confirm: () => Promise.reject(new Error('it was answered with 500')) });
    await expect(refusing).rejects.toThrow('500');
  });
});

describe("the sender's secrets", () => {
  it.each([
    ['are read where its channel verifies with them', true, { key: 'k' }],
    ['are not read where its channel does without', false, {}],
  ])('%s', async (_label, webhooksNeedSecrets, expected) => {
    const given: unknown[] = [];
    const receiving = async (_request: unknown, context: { secrets: unknown }) => {
      given.push(context.secrets);
      return { kind: 'events', events: [] };
    };
    const channel = { webhooksNeedSecrets, receive: receiving, webhookAnswer: { status: 200, headers: {}, body: '' } };
    const secrets = { get: async () => ({ secrets: { key: 'k' }, webhookSecret: 'right' }) };
    const overrides = { channel: () => channel, secrets } as unknown as Partial<WebhookDependencies>;
    await receive({ kind: 'events', events: [] }, overrides);
    expect(given).toEqual([expected]);
  });
});
