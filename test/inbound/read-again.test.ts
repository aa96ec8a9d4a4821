import type { SQSRecord } from 'aws-lambda';
import { beforeEach, describe, expect, it } from 'vitest';
import type { ChannelEvent, WebhookReading, WebhookRequest } from '../../lambdas/channels/types.ts';
import type { DeadLetter, WebhookTask } from '../../lambdas/domain/tasks.ts';
import { applyPostponed, type PostponedDependencies } from '../../lambdas/inbound/apply-batch.ts';

const NOW = Date.parse('2026-03-01T12:00:00Z');
const sender = { sid: 'XE1', accountSid: 'AC1', channel: 'stub', address: 'page-1', secretId: 's', fields: {} };
const task: WebhookTask = {
  accountSid: 'AC1',
  senderSid: 'XE1',
  method: 'POST',
  contentType: 'application/json',
  body: Buffer.from('{"Olá":1}').toString('base64'),
  gatewayUrl: 'https://gateway.example',
  receivedAt: '2026-03-01T11:00:00.000Z',
};
const deletion = (to: string): ChannelEvent => ({ type: 'deletion', channel: 'stub', id: '1', from: 'contact', to });

let queued: { task: unknown; deduplicationId: string }[];
let letters: { letter: DeadLetter; key: string }[];
let read: { request: WebhookRequest; secrets: unknown; verified: boolean | undefined }[];
beforeEach(() => {
  queued = [];
  letters = [];
  read = [];
});

function readAgain(reading: WebhookReading, webhooksNeedSecrets = false) {
  const dependencies = {
    senders: { get: async () => sender, byAddress: async () => undefined },
    secrets: { get: async () => ({ secrets: { key: 'k' } }) },
    channel: () => ({
      webhooksNeedSecrets,
      receive: async (request: WebhookRequest, { secrets }: { secrets: unknown }, verified?: boolean) => {
        read.push({ request, secrets, verified });
        return reading;
      },
    }),
    postpone: async (postponed: unknown, { deduplicationId }: { deduplicationId: string }) => {
      queued.push({ task: postponed, deduplicationId });
    },
    bury: async (letter: DeadLetter, key: string) => {
      letters.push({ letter, key });
    },
    now: () => NOW,
  } as unknown as PostponedDependencies;
  const record = { messageId: 'r1', body: JSON.stringify(task), attributes: {} } as SQSRecord;
  return applyPostponed(record, dependencies);
}

describe('a webhook that is read again', () => {
  it('is read as it came, without its signature', async () => {
    await readAgain({ kind: 'events', events: [] });
    const headers = { 'content-type': 'application/json' };
    const request = { method: 'POST', headers, query: {}, body: '{"Olá":1}' };
    expect(read).toEqual([{ request, secrets: {}, verified: true }]);
  });

  it('is read with the secrets of its sender where its channel needs them', async () => {
    await readAgain({ kind: 'events', events: [] }, true);
    expect(read).toMatchObject([{ secrets: { key: 'k' } }]);
  });

  it('has each of its events queued, as if it came now; a repetition would queue the same', async () => {
    const events = [deletion('page-1'), deletion('page-1')];
    expect(await readAgain({ kind: 'events', events })).toEqual({ done: true });
    const { accountSid, senderSid, gatewayUrl } = task;
    const receivedAt = new Date(NOW).toISOString();
    expect(queued).toEqual(
      events.map((event, index) => ({
        task: { accountSid, senderSid, event, gatewayUrl, receivedAt },
        deduplicationId: `r1/${index}`,
      })),
    );
  });

  it('has an event of nobody kept', async () => {
    await readAgain({ kind: 'events', events: [deletion('page-9')] });
    expect(queued).toEqual([]);
    expect(letters).toMatchObject([{ letter: { kind: 'event', senderSid: 'XE1', payload: { senderSid: 'XE1' } } }]);
  });

  it.each<[WebhookReading, string]>([
    [{ kind: 'malformed', reason: 'the body is no object' }, 'the body is no object'],
    [{ kind: 'refused', status: 403, reason: 'the content is too short' }, 'the content is too short'],
  ])('that still is %o is a dead letter again', async (reading, reason) => {
    expect(await readAgain(reading)).toEqual({ done: true });
    expect(letters).toMatchObject([{ key: 'r1', letter: { kind: 'webhook', reason, payload: task } }]);
  });

  it('that is a handshake by now is done with', async () => {
    const answer = { status: 200, headers: {}, body: '' };
    expect(await readAgain({ kind: 'handshake', answer })).toEqual({ done: true });
    expect([queued, letters]).toEqual([[], []]);
  });
});
