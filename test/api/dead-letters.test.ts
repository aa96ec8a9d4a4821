import { rmSync } from 'node:fs';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Message } from '../../lambdas/domain/message.ts';
import type { Sender } from '../../lambdas/domain/sender.ts';
import { newSid } from '../../lambdas/domain/sid.ts';
import type { DeadLetter } from '../../lambdas/domain/tasks.ts';
import { call, type TestRequest, tokenOf } from '../support/api.ts';
import { ROOT_ACCOUNT_SID, startAws } from '../support/aws.ts';
import { bundleChannels } from '../support/channels.ts';

const aws = await startAws();
const channels = bundleChannels();
const { handler } = await import('../../lambdas/api/api.lambda.ts');
const { dynamo, sqs } = await import('../../lambdas/platform/clients.ts');
const { DeadLetterStore } = await import('../../lambdas/platform/stores/dead-letters.ts');
const { MessageStore } = await import('../../lambdas/platform/stores/messages.ts');
const { SenderStore } = await import('../../lambdas/platform/stores/senders.ts');
const store = new DeadLetterStore('switchboard', ROOT_ACCOUNT_SID);
const messages = new MessageStore('switchboard');

const PATH = '/v1/DeadLetters';
const OTHER_ACCOUNT_SID = `AC${'1'.repeat(32)}`;
const OTHER = `${OTHER_ACCOUNT_SID}:${tokenOf(OTHER_ACCOUNT_SID)}`;
const HOUR = 3_600_000;
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

beforeAll(async () => {
  vi.spyOn(process.stdout, 'write').mockReturnValue(true);
  await new SenderStore('switchboard').create(sender);
  await dynamo.send(
    new (await import('@aws-sdk/lib-dynamodb')).PutCommand({
      TableName: 'switchboard',
      Item: { pk: OTHER_ACCOUNT_SID, sk: 'ACCOUNT', sid: OTHER_ACCOUNT_SID, status: 'active', generation: 1 },
    }),
  );
});
let contacts = 0;
beforeEach(async () => {
  contacts += 1;
  for (const queue of ['OUTBOUND', 'INBOUND', 'CALLBACKS'] as const) await aws.drain(`${queue}_QUEUE_URL`);
  for (const account of [ROOT_ACCOUNT_SID, OTHER_ACCOUNT_SID]) {
    const { letters } = await store.page(account, { order: 'newest first', limit: 1_000 });
    for (const { sid } of letters) await store.remove(account, sid);
  }
});
afterEach(() => {
  vi.mocked(dynamo.send).mockRestore?.();
  vi.mocked(sqs.send).mockRestore?.();
});
afterAll(async () => {
  vi.restoreAllMocks();
  rmSync(channels, { recursive: true });
  await aws.stop();
});

const request = (asked: TestRequest) => call(handler, asked);
const get = (path = PATH) => request({ path });
const post = (path: string, form: [string, string][] = []) => request({ method: 'POST', path, form });
/** Newest first. */
const sidsOf = async (account = ROOT_ACCOUNT_SID) =>
  (await store.page(account, { order: 'newest first', limit: 1_000 })).letters.map(({ sid }) => sid);

let keys = 0;
async function bury(changes: Partial<DeadLetter> = {}): Promise<string> {
  const at = new Date(Date.now() - HOUR + ++keys * 1_000).toISOString();
  const letter = {
    kind: 'callback',
    reason: 'The answer was 503.',
    at,
    accountSid: ROOT_ACCOUNT_SID,
    payload: {},
  } as const;
  await store.bury({ ...letter, ...changes }, `key ${keys}`);
  const owner = changes.accountSid === OTHER_ACCOUNT_SID ? OTHER_ACCOUNT_SID : ROOT_ACCOUNT_SID;
  return (await sidsOf(owner))[0] ?? '';
}

/** A message that failed after two hours of its four, an hour ago. */
async function failed(changes: Partial<Message> = {}): Promise<Message> {
  const created = Date.now() - 3 * HOUR;
  const at = new Date(created).toISOString();
  const message: Message = {
    sid: newSid('SM', created),
    accountSid: ROOT_ACCOUNT_SID,
    senderSid: sender.sid,
    channel: 'whatsapp',
    direction: 'outbound-api',
    from: sender.address,
    to: `1555222${String(contacts).padStart(4, '0')}`,
    body: 'A text that nobody may see',
    media: [],
    status: 'failed',
    errorCode: 63016,
    errorMessage: 'x',
    dateCreated: at,
    dateUpdated: at,
    validUntil: new Date(created + 4 * HOUR).toISOString(),
    attempt: 7,
    channelMessageIds: ['part-1'],
    timeline: [
      { at, event: 'queued', by: 'api' },
      { at, event: 'failed', by: 'deliver' },
    ],
    ...changes,
  };
  await messages.insert(message);
  return message;
}
const outbound = ({ sid, accountSid, senderSid }: Message): Partial<DeadLetter> => ({
  kind: 'outbound',
  senderSid,
  messageSid: sid,
  payload: { accountSid, senderSid, messageSid: sid, validUntil: 1, dueAt: 1 },
});
const stored = ({ sid }: Message) => messages.get(ROOT_ACCOUNT_SID, sid);
const callback = {
  kind: 'status',
  accountSid: ROOT_ACCOUNT_SID,
  messageSid: `SM${'3'.repeat(32)}`,
  url: 'https://customer.example/status?token=1',
  method: 'POST',
  params: { MessageStatus: 'delivered', To: 'whatsapp:+15552223333' },
  idempotencyToken: 'token-1',
};
const inboundTask = (changes: object = {}) => ({
  accountSid: ROOT_ACCOUNT_SID,
  senderSid: sender.sid,
  event: {
    type: 'deletion',
    channel: 'whatsapp',
    id: 'm1',
    from: '15552223333',
    to: sender.address,
  },
  gatewayUrl: 'https://gateway.example',
  receivedAt: '2026-01-01T00:00:00.000Z',
  ...changes,
});

describe('GET DeadLetters', () => {
  it("answers in the manner of Twilio's newer APIs", async () => {
    const at = '2026-03-01T12:00:00.123Z';
    const messageSid = `SM${'3'.repeat(32)}`;
    const sid = await bury({ at, messageSid, payload: callback });
    const { status, body } = await get();
    const url = `http://gateway.example${PATH}`;
    expect({ status, body }).toEqual({
      status: 200,
      body: {
        dead_letters: [
          {
            sid,
            account_sid: ROOT_ACCOUNT_SID,
            kind: 'callback',
            queue: 'callbacks',
            reason: 'The answer was 503.',
            sender_sid: null,
            message_sid: messageSid,
            date_created: '2026-03-01T12:00:00Z',
            url: `${url}/${sid}`,
          },
        ],
        meta: {
          page: 0,
          page_size: 50,
          first_page_url: `${url}?PageSize=50&Page=0`,
          previous_page_url: null,
          url: `${url}?PageSize=50&Page=0`,
          next_page_url: null,
          key: 'dead_letters',
        },
      },
    });
  });

  it('goes through its pages by next_page_url, filters kept', async () => {
    for (let index = 0; index < 5; index += 1) await bury();
    await bury({ kind: 'outbound' });
    const found: unknown[] = [];
    let path: string | null = `${PATH}?Queue=callbacks&PageSize=2`;
    const pages: unknown[] = [];
    while (path) {
      const { body } = await get(path);
      const meta = body['meta'] as { next_page_url: string | null; page: number; previous_page_url: string | null };
      found.push(...(body['dead_letters'] as { sid: string }[]).map(({ sid }) => sid));
      pages.push([meta.page, meta.previous_page_url !== null]);
      path = meta.next_page_url?.replace('http://gateway.example', '') ?? null;
    }
    expect(found).toEqual((await sidsOf()).slice(1));
    expect(pages).toEqual([
      [0, false],
      [1, true],
      [2, false],
    ]);
  });

  it.each([
    ['Reason=503', 1],
    ['Reason=other', 0],
    ['DateCreatedAfter=2100-01-01', 0],
    ['DateCreatedBefore=2100-01-01', 1],
    ['Queue=inbound', 0],
  ])('filters by %s', async (query, count) => {
    await bury();
    expect((await get(`${PATH}?${query}`)).body['dead_letters']).toHaveLength(count);
  });

  it('refuses a filter that means nothing', async () => {
    expect(await get(`${PATH}?Queue=nonsense`)).toMatchObject({ status: 400, body: { code: 20422 } });
  });

  it('needs credentials, and shows each account its own; those of nobody to the root account', async () => {
    const own = await bury({ accountSid: OTHER_ACCOUNT_SID });
    const nobodys = await bury({ accountSid: '' });
    const sids = async (credentials: string | undefined) => {
      const { body } = await request({ path: PATH, ...(credentials && { credentials }) });
      return (body['dead_letters'] as { sid: string; account_sid: string | null }[]).map((row) => [
        row.sid,
        row.account_sid,
      ]);
    };
    expect(await sids(OTHER)).toEqual([[own, OTHER_ACCOUNT_SID]]);
    expect(await sids(undefined)).toEqual([[nobodys, null]]);
    expect((await request({ path: PATH, credentials: undefined })).status).toBe(401);
    for (const [method, path] of [
      ['GET', `${PATH}/${own}`],
      ['DELETE', `${PATH}/${own}`],
      ['POST', `${PATH}/${own}/Redrive`],
    ] as const) {
      expect(await request({ method, path })).toMatchObject({ status: 404, body: { code: 20404 } });
    }
    expect(await sidsOf(OTHER_ACCOUNT_SID)).toEqual([own]);
  });
});

describe('GET DeadLetters/{sid}', () => {
  it('shows what is useful, and no text, token or number', async () => {
    const message = await failed();
    const letters = [
      await bury({ payload: callback }),
      await bury(outbound(message)),
      await bury({ kind: 'event', payload: inboundTask() }),
    ];
    const shown = await Promise.all(letters.map((sid) => get(`${PATH}/${sid}`)));
    expect(shown.map(({ body }) => body['payload'])).toMatchObject([
      { type: 'status callback', host: 'customer.example', status: 'delivered' },
      { type: 'message', is_reply: false },
      { type: 'deletion event', from: '…33', to: '…11' },
    ]);
    const text = JSON.stringify(shown);
    for (const secret of ['nobody may see', '5552223333', 'token=1', 'token-1']) expect(text).not.toContain(secret);
  });

  it.each(['DL1', `DL${'f'.repeat(32)}`, `SM${'f'.repeat(32)}`])('answers 404 for %s', async (sid) => {
    expect(await get(`${PATH}/${sid}`)).toMatchObject({ status: 404, body: { code: 20404 } });
  });

  it('takes a SID in any case', async () => {
    const sid = await bury();
    expect((await get(`${PATH}/${sid.toUpperCase()}`)).status).toBe(200);
  });
});

describe('a redriven message', () => {
  it('is queued under its own SID, with its timeline and as much time as it had', async () => {
    const message = await failed();
    const sid = await bury(outbound(message));
    const before = Date.now();
    expect(await post(`${PATH}/${sid}/Redrive`)).toMatchObject({
      status: 200,
      body: { sid, outcome: 'redriven', message_sid: message.sid },
    });
    const now = await stored(message);
    expect(now).toMatchObject({ status: 'queued', attempt: 7, channelMessageIds: ['part-1'] });
    expect(now?.errorCode).toBeUndefined();
    expect(now?.errorMessage).toBeUndefined();
    expect(now?.timeline.map(({ event }) => event)).toEqual(['queued', 'failed', 'redriven']);
    const validFor = Date.parse(now?.validUntil ?? '') - before;
    expect(Math.abs(validFor - 4 * HOUR)).toBeLessThan(60_000);
    expect(await aws.drain('OUTBOUND_QUEUE_URL')).toEqual([
      {
        accountSid: ROOT_ACCOUNT_SID,
        senderSid: sender.sid,
        messageSid: message.sid,
        validUntil: Date.parse(now?.validUntil ?? ''),
      },
    ]);
    expect(await sidsOf()).toEqual([]);
  });

  it('has the same time again when it is redriven once more', async () => {
    const message = await failed();
    await post(`${PATH}/${await bury(outbound(message))}/Redrive`);
    await messages.advance(message, 'failed', { at: new Date().toISOString(), event: 'failed', by: 'deliver' });
    await post(`${PATH}/${await bury(outbound(message))}/Redrive`);
    const validFor = Date.parse((await stored(message))?.validUntil ?? '') - Date.now();
    expect(Math.abs(validFor - 4 * HOUR)).toBeLessThan(60_000);
  });

  it('is sent from its first part where the channel had taken all and failed then', async () => {
    const message = await failed({ status: 'undelivered', dateSent: '2026-01-01T00:00:00.000Z' });
    await post(`${PATH}/${await bury(outbound(message))}/Redrive`);
    const now = await stored(message);
    expect(now).toMatchObject({ status: 'queued', channelMessageIds: [] });
    expect(now?.dateSent).toBeUndefined();
  });

  it.each(['queued', 'sending'] as const)('that is still %s has its task queued again', async (status) => {
    const message = await failed({ status, leaseUntil: 1 });
    expect((await post(`${PATH}/${await bury(outbound(message))}/Redrive`)).status).toBe(200);
    expect((await stored(message))?.status).toBe(status);
    expect(await aws.drain('OUTBOUND_QUEUE_URL')).toMatchObject([{ messageSid: message.sid }]);
    expect(await sidsOf()).toEqual([]);
  });

  it.each(['sent', 'delivered', 'read'] as const)('that is %s meanwhile is not sent again', async (status) => {
    const message = await failed({ status });
    const { body } = await post(`${PATH}/${await bury(outbound(message))}/Redrive`);
    expect(body).toMatchObject({ outcome: 'already-sent' });
    expect((await stored(message))?.timeline).toEqual(message.timeline);
    expect(await aws.drain('OUTBOUND_QUEUE_URL')).toEqual([]);
    expect(await sidsOf()).toEqual([]);
  });

  it.each<[string, Partial<Message>, string]>([
    ['was canceled', { status: 'canceled' }, 'canceled'],
    ['has no content any more', { body: '' }, 'content was removed'],
    [
      'was redacted',
      { timeline: [{ at: '2026-01-01T00:00:00.000Z', event: 'redacted', by: 'api' }] },
      'content was removed',
    ],
    ['is being sent', { status: 'sending', leaseUntil: Date.now() + HOUR }, 'being sent at this moment'],
    ['has lost its sender', { senderSid: `XE${'f'.repeat(32)}` }, 'sender no longer exists'],
  ])('that %s is refused, and the letter stays', async (_, changes, reason) => {
    const message = await failed(changes);
    const sid = await bury(outbound(message));
    const { status, body } = await post(`${PATH}/${sid}/Redrive`);
    expect({ status, body }).toMatchObject({
      status: 409,
      body: { code: 20009, message: expect.stringContaining(reason) },
    });
    expect(await sidsOf()).toEqual([sid]);
    expect(await aws.drain('OUTBOUND_QUEUE_URL')).toEqual([]);
  });

  it.each<[string, Partial<DeadLetter>, string]>([
    [
      'whose message is gone',
      { payload: { accountSid: ROOT_ACCOUNT_SID, senderSid: 'XE1', messageSid: 'SM1' } },
      'no longer exists',
    ],
    ['that cannot be read', { payload: 'rubbish' }, 'cannot be read'],
  ])('%s is refused', async (_, changes, reason) => {
    const sid = await bury({ kind: 'outbound', ...changes });
    const { status, body } = await post(`${PATH}/${sid}/Redrive`);
    expect({ status, body }).toMatchObject({ status: 409, body: { message: expect.stringContaining(reason) } });
  });

  /** Lets so many calls of AWS that change something through, then fails. */
  function cutOffAfter(calls: number): void {
    let left = calls;
    for (const client of [dynamo, sqs] as { send(command: object): Promise<unknown> }[]) {
      const send = client.send.bind(client);
      vi.spyOn(client, 'send').mockImplementation((command) => {
        const changes = !/^(Get|Query)/.test(command.constructor.name);
        return changes && left-- <= 0 ? Promise.reject(new Error('cut off')) : send(command);
      });
    }
  }

  it('that was cut off after any write is redriven by a repetition, and has one task', async () => {
    let writes = 0;
    for (let isWhole = false; !isWhole; writes += 1) {
      const message = await failed({ to: `155533300${String(writes).padStart(2, '0')}` });
      const sid = await bury(outbound(message));
      cutOffAfter(writes);
      const first = await post(`${PATH}/${sid}/Redrive`);
      vi.mocked(dynamo.send).mockRestore();
      vi.mocked(sqs.send).mockRestore();
      isWhole = first.status === 200;
      expect(await sidsOf()).toEqual(isWhole ? [] : [sid]);
      if (!isWhole) expect((await post(`${PATH}/${sid}/Redrive`)).status).toBe(200);
      expect(await stored(message)).toMatchObject({ status: 'queued' });
      expect(await aws.drain('OUTBOUND_QUEUE_URL')).toMatchObject([{ messageSid: message.sid }]);
      expect(await sidsOf()).toEqual([]);
    }
    // The message, its task, the letter; before them what paces the sender.
    expect(writes).toBeGreaterThan(3);
  });

  it('is queued once when two people redrive it at the same time', async () => {
    const message = await failed();
    const sid = await bury(outbound(message));
    await Promise.all([1, 2, 3].map(() => post(`${PATH}/${sid}/Redrive`)));
    expect(await stored(message)).toMatchObject({ status: 'queued' });
    expect(await aws.drain('OUTBOUND_QUEUE_URL')).toHaveLength(1);
  });
});

describe('redriving anything else', () => {
  it('queues a callback as it was, with the token that its customer knows', async () => {
    await post(`${PATH}/${await bury({ payload: callback })}/Redrive`);
    expect(await aws.drain('CALLBACKS_QUEUE_URL')).toEqual([callback]);
    expect(await sidsOf()).toEqual([]);
  });

  it('queues an event as if it came now', async () => {
    const before = Date.now();
    await post(`${PATH}/${await bury({ kind: 'event', payload: inboundTask() })}/Redrive`);
    const [task] = (await aws.drain('INBOUND_QUEUE_URL')) as { receivedAt: string }[];
    expect(task).toEqual({ ...inboundTask(), receivedAt: expect.any(String) });
    expect(Date.parse(task?.receivedAt ?? '')).toBeGreaterThanOrEqual(before);
  });

  it('queues a webhook to be read again', async () => {
    const { event: _, ...rest } = inboundTask();
    const webhook = { ...rest, method: 'POST', contentType: 'application/json', body: 'e30=' };
    await post(`${PATH}/${await bury({ kind: 'webhook', payload: webhook })}/Redrive`);
    expect(await aws.drain('INBOUND_QUEUE_URL')).toEqual([{ ...webhook, receivedAt: expect.any(String) }]);
  });

  it.each<[string, Partial<DeadLetter>, string]>([
    ['a callback', { payload: {} }, 'cannot be read'],
    ['an event', { kind: 'event', payload: 'x' }, 'cannot be read'],
    ['a webhook', { kind: 'webhook', payload: {} }, 'incomplete'],
    [
      'an event of a sender that is gone',
      { kind: 'event', payload: inboundTask({ senderSid: 'XE1' }) },
      'no longer exists',
    ],
    [
      'an event of an address that nobody has',
      { kind: 'event', payload: inboundTask({ event: { ...inboundTask().event, to: '15559990000' } }) },
      'still has no sender',
    ],
  ])('refuses %s that nothing can be done with', async (_, changes, reason) => {
    const sid = await bury(changes);
    const { status, body } = await post(`${PATH}/${sid}/Redrive`);
    expect({ status, body }).toMatchObject({
      status: 409,
      body: { code: 20009, message: expect.stringContaining(reason) },
    });
    expect(await sidsOf()).toEqual([sid]);
  });
});

describe('many at once', () => {
  it.each(['Redrive', 'Drop'])('need to be named: %s without a selection is refused', async (action) => {
    await bury();
    expect(await post(`${PATH}/${action}`)).toMatchObject({ status: 400, body: { code: 20422 } });
    expect(await sidsOf()).toHaveLength(1);
  });

  it('are redriven by a filter, and those that cannot be are named', async () => {
    const messageSids = ['4', '5', '6'].map((digit) => `SM${digit.repeat(32)}`);
    for (const messageSid of messageSids) await bury({ messageSid, payload: { ...callback, messageSid } });
    const refused = await bury({ payload: {} });
    const other = await bury({ kind: 'event', payload: inboundTask() });
    const { status, body } = await post(`${PATH}/Redrive`, [['Queue', 'callbacks']]);
    expect({ status, body }).toEqual({
      status: 200,
      body: {
        redriven: 3,
        already_sent: 0,
        refused: [{ sid: refused, code: 20009, message: expect.stringContaining('cannot be read') }],
        more: false,
        next_page_token: null,
      },
    });
    const queued = (await aws.drain('CALLBACKS_QUEUE_URL')) as { messageSid: string }[];
    expect(queued.map(({ messageSid }) => messageSid).sort()).toEqual(messageSids);
    expect(await sidsOf()).toEqual([other, refused]);
  });

  it('are redriven by their SIDs', async () => {
    const [first, second] = [await bury({ payload: callback }), await bury({ payload: callback })];
    const missing = `DL${'0'.repeat(32)}`;
    const { body } = await post(`${PATH}/Redrive`, [
      ['Sids', second],
      ['Sids', missing],
    ]);
    expect(body).toMatchObject({ redriven: 1, refused: [{ sid: missing, code: 20404 }] });
    expect(await sidsOf()).toEqual([first]);
  });

  it('are dropped, all of them only when all are asked for', async () => {
    for (let index = 0; index < 60; index += 1) await bury();
    const { body } = await post(`${PATH}/Drop`, [
      ['Reason', '503'],
      ['DateCreatedBefore', '2020-01-01'],
    ]);
    expect(body).toMatchObject({ dropped: 0 });
    expect(await post(`${PATH}/Drop`, [['All', 'true']])).toMatchObject({
      status: 200,
      body: { dropped: 60, more: false },
    });
    expect(await sidsOf()).toEqual([]);
  });

  it('go on where a request ran out of time, and leave alone what was buried since', async () => {
    for (let index = 0; index < 30; index += 1) await bury({ payload: {} });
    const began = Date.now();
    const clock = vi.spyOn(Date, 'now');
    let calls = 0;
    // Each look at the clock is a second later: the first request has time for a part only.
    clock.mockImplementation(() => began + 1_000 * ++calls);
    const first = await post(`${PATH}/Redrive`, [['All', 'true']]);
    expect(first.body).toMatchObject({ redriven: 0, more: true, next_page_token: expect.stringMatching(/^PADL/) });
    clock.mockRestore();
    const late = await bury({ at: new Date(Date.now() + HOUR).toISOString(), payload: callback });
    const second = await post(`${PATH}/Redrive`, [
      ['All', 'true'],
      ['PageToken', String(first.body['next_page_token'])],
    ]);
    expect(second.body).toMatchObject({ redriven: 0, more: false, next_page_token: null });
    const refused = [first, second].flatMap(({ body }) => (body['refused'] as { sid: string }[]).map(({ sid }) => sid));
    expect(refused.sort()).toEqual((await sidsOf()).filter((sid) => sid !== late).sort());
    expect(refused).toHaveLength(30);
  });
});

describe('DELETE DeadLetters/{sid}', () => {
  it('drops the letter, once', async () => {
    const sid = await bury();
    expect(await request({ method: 'DELETE', path: `${PATH}/${sid}` })).toMatchObject({ status: 204 });
    expect(await sidsOf()).toEqual([]);
    expect(await request({ method: 'DELETE', path: `${PATH}/${sid}` })).toMatchObject({ status: 404 });
  });
});

it.each([
  ['POST', PATH],
  ['GET', `${PATH}/Redrive`],
  ['DELETE', PATH],
])('%s %s is no method of that path', async (method, path) => {
  expect(await request({ method, path })).toMatchObject({ status: 405, body: { code: 20004 } });
});
