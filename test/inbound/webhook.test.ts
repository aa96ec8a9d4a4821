import { createHash } from 'node:crypto';
import { rmSync } from 'node:fs';
import type { Context } from 'aws-lambda';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import type { Sender } from '../../lambdas/domain/sender.ts';
import { newSid } from '../../lambdas/domain/sid.ts';
import { webhookTaskSchema } from '../../lambdas/domain/tasks.ts';
import { toEvent } from '../../local/http-api/event.ts';
import { ROOT_ACCOUNT_SID, startAws } from '../support/aws.ts';
import { bundleChannels } from '../support/channels.ts';

const aws = await startAws();
const channels = bundleChannels();
const { handler } = await import('../../lambdas/inbound/webhook.lambda.ts');
const { SenderStore } = await import('../../lambdas/platform/stores/senders.ts');
const { DeadLetterStore } = await import('../../lambdas/platform/stores/dead-letters.ts');
const { SenderSecrets } = await import('../../lambdas/platform/sender-secrets.ts');
afterAll(async () => {
  await aws.stop();
  rmSync(channels, { recursive: true });
});

const NOW = new Date().toISOString();
const senders = new SenderStore(process.env['TABLE_NAME'] ?? '');
const secrets = new SenderSecrets('senders/');
const deadLetters = new DeadLetterStore(process.env['TABLE_NAME'] ?? '', ROOT_ACCOUNT_SID);
let sender: Sender;
let stored: number;

beforeEach(async () => {
  const sid = newSid('XE', Date.now());
  sender = {
    sid,
    accountSid: ROOT_ACCOUNT_SID,
    channel: 'whatsapp',
    address: `1555${sid.slice(-7).replace(/\D/g, '0')}`,
    status: 'ONLINE',
    fields: { url: 'http://127.0.0.1:1' },
    secretId: secrets.idFor(sid),
    webhookSecretHash: createHash('sha256').update('right').digest('hex'),
    webhook: { callbackUrl: 'https://customer.example/in', callbackMethod: 'POST', fallbackMethod: 'POST' },
    dateCreated: NOW,
    dateUpdated: NOW,
  };
  await senders.create(sender);
  await secrets.create(sender.secretId, { secrets: { password: 'p' }, webhookSecret: 'right' });
  stored = (await aws.items()).length;
});

const text = (id: string) => ({
  from: '15552223333',
  id,
  timestamp: '1700000000',
  type: 'text',
  text: { body: 'Hello' },
});

interface Call {
  senderSid?: string;
  secret?: string;
  method?: string;
  /** A function URL leaves the path as it is. */
  by?: 'http-api' | 'function-url';
}

const post = async (body: string, call: Call = {}) => {
  const { senderSid = sender.sid, secret = 'right', method = 'POST', by = 'http-api' } = call;
  const path = { channel: 'whatsapp', accountSid: ROOT_ACCOUNT_SID, senderSid, secret };
  const event = toEvent(
    {
      method,
      target: `/webhooks/${Object.values(path).join('/')}`,
      rawHeaders: ['Host', 'called.example', 'Content-Type', 'application/json'],
      body: Buffer.from(body),
      sourceIp: '192.0.2.1',
      port: 80,
    },
    { apiId: 'api', routeKey: '$default', pathParameters: by === 'http-api' ? path : {} },
  );
  return handler(event, {} as Context);
};

describe('a webhook', () => {
  it.each([
    ['of an unknown sender', { senderSid: `XE${'0'.repeat(32)}` }, 404],
    ['with a wrong secret', { secret: 'wrong' }, 403],
    ['with a secret that is a part of the right one', { secret: 'righ' }, 403],
    ['by another method', { method: 'PUT' }, 405],
    ['by a function URL with a wrong secret', { secret: 'wrong', by: 'function-url' }, 403],
    ['by a function URL with no secret', { secret: '', by: 'function-url' }, 404],
    ['by a function URL with more than a secret', { secret: 'right/more', by: 'function-url' }, 404],
  ] satisfies [string, Call, number][])('%s is refused, and nothing is stored or queued', async (_, call, status) => {
    const answer = await post(JSON.stringify({ messages: [text('m1')] }), call);
    expect(answer.statusCode).toBe(status);
    expect(await aws.items()).toHaveLength(stored);
    for (const queue of ['CALLBACKS_QUEUE_URL', 'INBOUND_QUEUE_URL', 'INBOUND_DLQ_URL'] as const) {
      expect(await aws.drain(queue)).toEqual([]);
    }
  });

  it('of a megabyte is refused with 413', async () => {
    const answer = await post(JSON.stringify({ messages: [text('m1')], padding: 'x'.repeat(1_000_000) }));
    expect(answer.statusCode).toBe(413);
    expect(await aws.items()).toHaveLength(stored);
  });

  it.each([
    ['is no JSON', '{"messages":'],
    ['holds nothing known', '{"hello":"world"}'],
    ['lacks what every message has', '{"messages":[{"type":"text"}]}'],
  ])('that %s is kept as a dead letter and answered 200, so that the device does not repeat it', async (_, body) => {
    const answer = await post(body);
    expect(answer.statusCode).toBe(200);
    expect((await post(body)).statusCode).toBe(200);
    const { letters } = await deadLetters.page(ROOT_ACCOUNT_SID, { order: 'newest first', limit: 10 });
    const own = letters.filter(({ senderSid }) => senderSid === sender.sid);
    expect(own).toMatchObject([{ kind: 'webhook', accountSid: ROOT_ACCOUNT_SID }]);
    const letter = await deadLetters.get(ROOT_ACCOUNT_SID, own[0]?.sid ?? '');
    const payload = webhookTaskSchema.parse(letter?.payload);
    expect(payload).toMatchObject({ method: 'POST', contentType: 'application/json', senderSid: sender.sid });
    expect(Buffer.from(payload.body, 'base64').toString()).toBe(body);
    expect(await aws.drain('INBOUND_DLQ_URL')).toEqual([]);
  });

  it('that cannot be read is kept whole, however large', async () => {
    const noise = Array.from({ length: 20_000 }, (_, index) =>
      createHash('sha256').update(String(index)).digest('hex'),
    );
    const body = JSON.stringify({ unknown: noise.join('').slice(0, 690_000) });
    expect((await post(body)).statusCode).toBe(200);
    const { letters } = await deadLetters.page(ROOT_ACCOUNT_SID, { order: 'newest first', limit: 1 });
    const letter = await deadLetters.get(ROOT_ACCOUNT_SID, letters[0]?.sid ?? '');
    expect(Buffer.from(webhookTaskSchema.parse(letter?.payload).body, 'base64').toString()).toBe(body);
  });

  it.each(['http-api', 'function-url'] as const)('by %s is applied at once, every event of it', async (by) => {
    const answer = await post(JSON.stringify({ messages: [text('m1'), text('m2')] }), { by });
    expect(answer.statusCode).toBe(200);
    const callbacks = (await aws.drain('CALLBACKS_QUEUE_URL')) as { params: { Body: string } }[];
    expect(callbacks.map(({ params }) => params.Body)).toEqual(['Hello', 'Hello']);
    expect(await aws.drain('INBOUND_QUEUE_URL')).toEqual([]);
  });

  it('with a status of a message that is not known yet is queued for later', async () => {
    const status = { id: 'early', status: 'delivered', timestamp: '1700000000', recipient_id: '15552223333' };
    const answer = await post(JSON.stringify({ statuses: [status] }));
    expect(answer.statusCode).toBe(200);
    expect(await aws.drain('INBOUND_QUEUE_URL')).toMatchObject([
      { senderSid: sender.sid, event: { type: 'status', id: 'early', status: 'delivered' } },
    ]);
  });

  it.each([
    ['http-api', 'http://called.example'],
    ['function-url', 'https://gateway.example'],
  ] as const)('by %s with media is queued, with the address that links to them start with', async (by, gatewayUrl) => {
    const image = {
      from: '15552223333',
      id: 'i1',
      timestamp: '1700000000',
      type: 'image',
      image: { id: 'media-1', mime_type: 'image/png' },
    };
    await post(JSON.stringify({ messages: [image] }), { by });
    // A channel does not wait for a download.
    expect(await aws.drain('INBOUND_QUEUE_URL')).toMatchObject([{ gatewayUrl, event: { media: [{ id: 'media-1' }] } }]);
    expect(await aws.drain('CALLBACKS_QUEUE_URL')).toEqual([]);
  });

  it('that cannot be applied nor queued is answered 500, so that the device sends it again', async () => {
    const { sqs } = await import('../../lambdas/platform/clients.ts');
    const refuse = () => () => Promise.reject(new Error('SQS is down'));
    sqs.middlewareStack.add(refuse, { step: 'initialize', name: 'refuse' });
    const answer = await post(JSON.stringify({ messages: [text('m3')] }));
    sqs.middlewareStack.remove('refuse');
    expect(answer.statusCode).toBe(500);
    // What was cut off is whole after the repetition.
    expect((await post(JSON.stringify({ messages: [text('m3')] }))).statusCode).toBe(200);
    expect(await aws.drain('CALLBACKS_QUEUE_URL')).toHaveLength(1);
  });
});
