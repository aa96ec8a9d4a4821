import { rmSync } from 'node:fs';
import { PutCommand } from '@aws-sdk/lib-dynamodb';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { Sender } from '../../lambdas/domain/sender.ts';
import { call, type TestAnswer, type TestRequest, tokenOf } from '../support/api.ts';
import { ROOT_ACCOUNT_SID, startAws } from '../support/aws.ts';
import { bundleChannels } from '../support/channels.ts';

const aws = await startAws();
const channels = bundleChannels();
const { handler } = await import('../../lambdas/api/api.lambda.ts');
const { logger } = await import('../../lambdas/platform/log.ts');
const { dynamo } = await import('../../lambdas/platform/clients.ts');
const { MessageStore } = await import('../../lambdas/platform/stores/messages.ts');
const { SenderStore } = await import('../../lambdas/platform/stores/senders.ts');
const senders = new SenderStore('switchboard');

const OTHER_ACCOUNT_SID = `AC${'1'.repeat(32)}`;
const MESSAGES = `/2010-04-01/Accounts/${ROOT_ACCOUNT_SID}/Messages`;
const FROM = 'whatsapp:+15550001111';
const TO = 'whatsapp:+15552223333';
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
  await senders.create(sender);
  await senders.create({
    ...sender,
    sid: `XE${'b'.repeat(32)}`,
    accountSid: OTHER_ACCOUNT_SID,
    address: '15550009999',
  });
  await senders.create({ ...sender, sid: `XE${'c'.repeat(32)}`, address: '15550008888', status: 'CREATING' });
});
afterAll(async () => {
  rmSync(channels, { recursive: true });
  await aws.stop();
});

const request = (asked: TestRequest) => call(handler, asked);
const post = (parameters: Record<string, string>, more: Partial<TestRequest> = {}) =>
  request({ method: 'POST', path: `${MESSAGES}.json`, form: Object.entries(parameters), ...more });
const stored = (sid: unknown) => new MessageStore('switchboard').get(ROOT_ACCOUNT_SID, String(sid));
/** How many messages the queue holds, also those that wait behind others of their group. */
const queued = async () =>
  Object.values(await aws.sqs.depth(process.env['OUTBOUND_QUEUE_URL'] ?? '')).reduce((a, b) => a + b);
const hello = { To: TO, From: FROM, Body: 'Hello' };

describe('POST Messages.json', () => {
  it("answers 201 with exactly the keys of Twilio's resource", async () => {
    const { status, headers, body } = await post(hello);
    const { sid } = body;
    expect(status).toBe(201);
    expect(headers).toMatchObject({
      'content-type': 'application/json',
      'twilio-request-id': expect.stringMatching(/^RQ[0-9a-f]{32}$/),
    });
    expect(sid).toMatch(/^SM[0-9a-f]{32}$/);
    const date = expect.stringMatching(/^\w{3}, \d{2} \w{3} \d{4} \d{2}:\d{2}:\d{2} \+0000$/);
    expect(body).toEqual({
      account_sid: ROOT_ACCOUNT_SID,
      api_version: '2010-04-01',
      body: 'Hello',
      date_created: date,
      date_sent: null,
      date_updated: date,
      direction: 'outbound-api',
      error_code: null,
      error_message: null,
      from: FROM,
      messaging_service_sid: null,
      num_media: '0',
      num_segments: '1',
      price: null,
      price_unit: null,
      sid,
      status: 'queued',
      subresource_uris: { media: `${MESSAGES}/${sid}/Media.json` },
      to: TO,
      uri: `${MESSAGES}/${sid}.json`,
    });
    expect(await aws.drain('OUTBOUND_QUEUE_URL')).toEqual([
      { accountSid: ROOT_ACCOUNT_SID, senderSid: sender.sid, messageSid: sid, validUntil: expect.any(Number) },
    ]);
    expect(await stored(sid)).toMatchObject({
      senderSid: sender.sid,
      channel: 'whatsapp',
      from: '15550001111',
      to: '15552223333',
      status: 'queued',
      timeline: [{ event: 'queued', by: 'api' }],
    });
  });

  it('gives a message with media an MM SID, and lists its media', async () => {
    const { status, body } = await post({
      To: TO,
      From: FROM,
      MediaUrl: 'https://cdn.example/a.png',
      ValidityPeriod: '60',
    });
    expect(status).toBe(201);
    expect(body).toMatchObject({ sid: expect.stringMatching(/^MM[0-9a-f]{32}$/), num_media: '1', body: '' });
    const message = await stored(body['sid']);
    const validity = Date.parse(String(message?.['validUntil'])) - Date.parse(String(message?.['dateCreated']));
    expect(Math.round(validity / 1_000)).toBe(60);

    const list = await request({ path: `${MESSAGES}/${body['sid']}/Media.json` });
    const [medium] = list.body['media_list'] as Record<string, string>[];
    expect(list.body).toMatchObject({ start: 0, end: 0, next_page_uri: null });
    expect(medium).toMatchObject({ content_type: 'image/png', parent_sid: body['sid'] });
    expect((await request({ path: medium?.['uri'] ?? '' })).body).toEqual(medium);
    // Without extension it is the file itself, which is where the customer said.
    const file = await request({ path: (medium?.['uri'] ?? '').replace('.json', '') });
    expect(file).toMatchObject({ status: 307, headers: { location: 'https://cdn.example/a.png' } });
  });

  it('keeps a location with its name, and shows the name as the body', async () => {
    const { body } = await post({ ...hello, Body: 'Office', PersistentAction: 'geo:37.78,-122.39|375 Beale St' });
    expect(body).toMatchObject({ body: 'Office', num_media: '0' });
    const message = await stored(body['sid']);
    expect(message).toMatchObject({ location: { label: 'Office', address: '375 Beale St' } });
    expect(message).not.toHaveProperty('body');
  });

  it('lets a loopback callback through where the deployment allows it', async () => {
    const { status } = await post({ ...hello, StatusCallback: 'http://127.0.0.1:3000/status' });
    expect(status).toBe(201);
  });
});

describe('bad requests', () => {
  const form = (text: string): Partial<TestRequest> => ({
    form: undefined as never,
    bytes: Buffer.from(text),
    headers: { 'Content-Type': 'application/x-www-form-urlencoded' },
  });
  it.each<[why: string, status: number, code: number, ask: () => Promise<TestAnswer>]>([
    ['no To', 400, 21604, () => post({ From: FROM, Body: 'Hi' })],
    ['no From', 400, 21603, () => post({ To: TO, Body: 'Hi' })],
    ['nothing to send', 400, 21602, () => post({ To: TO, From: FROM })],
    ['a To that is no number', 400, 21211, () => post({ ...hello, To: 'whatsapp:abc' })],
    ['a To that is too short', 400, 21211, () => post({ ...hello, To: 'whatsapp:+1555' })],
    ['a To of an unknown channel', 400, 21211, () => post({ ...hello, To: 'pigeon:+15552223333' })],
    ['a To and a From that are no numbers', 400, 21211, () => post({ ...hello, To: 'x', From: 'y' })],
    ['a From that is no number', 400, 21212, () => post({ ...hello, From: 'whatsapp:abc' })],
    ['a From of an unknown channel', 400, 21212, () => post({ ...hello, From: 'pigeon:coo' })],
    ['a plain To with a channel From', 400, 21910, () => post({ ...hello, To: '+15552223333' })],
    ['a channel To with a plain From', 400, 21910, () => post({ ...hello, From: '+15550001111' })],
    [
      'plain numbers, which no channel serves',
      400,
      21606,
      () => post({ To: '+15552223333', From: '+15550001111', Body: 'x' }),
    ],
    ['a sender writing to itself', 400, 63031, () => post({ ...hello, To: FROM })],
    ['an unknown sender', 400, 63007, () => post({ ...hello, From: 'whatsapp:+15550007777' })],
    ["another account's sender", 400, 63007, () => post({ ...hello, From: 'whatsapp:+15550009999' })],
    ['a sender that is not ready', 400, 63007, () => post({ ...hello, From: 'whatsapp:+15550008888' })],
    ['a body that is too long', 400, 21617, () => post({ ...hello, Body: 'x'.repeat(1_601) })],
    ['a media URL that is none', 400, 21620, () => post({ ...hello, MediaUrl: 'cat' })],
    ['a private media URL', 400, 21620, () => post({ ...hello, MediaUrl: 'http://192.168.0.1/a.jpg' })],
    ['a private callback URL', 400, 21609, () => post({ ...hello, StatusCallback: 'http://10.0.0.1/' })],
    ['a callback URL that is not HTTP', 400, 21609, () => post({ ...hello, StatusCallback: 'ftp://a.example/' })],
    ['an unknown content', 400, 21655, () => post({ To: TO, From: FROM, ContentSid: `HX${'0'.repeat(32)}` })],
    [
      'a time that is too far',
      400,
      35115,
      () => post({ ...hello, ScheduleType: 'fixed', SendAt: '2099-01-01T00:00:00Z' }),
    ],
    [
      'a time that is past',
      400,
      35114,
      () => post({ ...hello, ScheduleType: 'fixed', SendAt: '2020-01-01T00:00:00Z' }),
    ],
    ['a messaging service', 400, 21705, () => post({ ...hello, MessagingServiceSid: `MG${'0'.repeat(32)}` })],
    ['a JSON body', 400, 21604, () => request({ method: 'POST', path: `${MESSAGES}.json`, json: hello })],
    ['no body at all', 400, 21604, () => request({ method: 'POST', path: `${MESSAGES}.json` })],
    ['a repeated parameter', 400, 20422, () => post({}, form('To=a&To=b&From=c&Body=d'))],
    ['malformed percent-encoding', 400, 20422, () => post({}, form('To=%&From=c&Body=d'))],
    ['text that is not UTF-8', 400, 20422, () => post({}, form('To=a&From=c&Body=%ff'))],
    ['an oversized body', 413, 20422, () => post({ ...hello, Body: 'x'.repeat(70_000) })],
    ['an idempotency key with spaces', 400, 20422, () => post(hello, { headers: { 'Idempotency-Key': 'a b' } })],
    ['no credentials', 401, 20003, () => post(hello, { credentials: undefined })],
    ['a wrong token', 401, 20003, () => post(hello, { credentials: `${ROOT_ACCOUNT_SID}:${'0'.repeat(32)}` })],
    ['an empty token', 401, 20003, () => post(hello, { credentials: `${ROOT_ACCOUNT_SID}:` })],
    ['credentials without a colon', 401, 20003, () => post(hello, { credentials: ROOT_ACCOUNT_SID })],
    [
      'another scheme',
      401,
      20003,
      () => post(hello, { credentials: undefined, headers: { Authorization: 'Bearer x' } }),
    ],
    [
      'an account that does not exist',
      401,
      20003,
      () => post(hello, { credentials: `${OTHER_ACCOUNT_SID}:${tokenOf(OTHER_ACCOUNT_SID)}` }),
    ],
    [
      "another account's SID in the path",
      404,
      20404,
      () => post(hello, { path: `/2010-04-01/Accounts/${OTHER_ACCOUNT_SID}/Messages.json` }),
    ],
    ['no .json', 404, 20404, () => post(hello, { path: MESSAGES })],
    ['an unknown path', 404, 20404, () => post(hello, { path: '/2010-04-01/Nothing.json' })],
    ['the root path', 404, 20404, () => request({ path: '/', credentials: undefined })],
    ['a method that the path lacks', 405, 20004, () => request({ method: 'PUT', path: `${MESSAGES}.json` })],
    ['the deletion of all', 405, 20004, () => request({ method: 'DELETE', path: `${MESSAGES}.json` })],
    [
      'the deletion of no message',
      404,
      20404,
      () => request({ method: 'DELETE', path: `${MESSAGES}/SM${'0'.repeat(32)}.json` }),
    ],
    ['an unknown message', 404, 20404, () => request({ path: `${MESSAGES}/SM${'0'.repeat(32)}.json` })],
    ['an unknown medium', 404, 20404, () => request({ path: `${MESSAGES}/SM${'0'.repeat(32)}/Media/ME1` })],
    ['a malformed SID', 404, 20404, () => request({ path: `${MESSAGES}/SM1.json` })],
    ['a page that is too large', 400, 20007, () => request({ path: `${MESSAGES}.json?PageSize=1001` })],
    ['a page of nothing', 400, 20007, () => request({ path: `${MESSAGES}.json?PageSize=0` })],
    ['a date that is none', 400, 20422, () => request({ path: `${MESSAGES}.json?DateSent=yesterday` })],
    ['a page without its token', 400, 20422, () => request({ path: `${MESSAGES}.json?Page=2` })],
    ['a page token of somebody else', 400, 20422, () => request({ path: `${MESSAGES}.json?PageToken=PA1` })],
  ])('with %s get %i and %i, and change nothing', async (_why, status, code, ask) => {
    const before = [await aws.items(), await queued()];
    const answer = await ask();
    expect(answer).toMatchObject({
      status,
      headers: { 'content-type': 'application/json', 'twilio-request-id': expect.stringMatching(/^RQ/) },
      body: { code, status, message: expect.any(String), more_info: `https://www.twilio.com/docs/errors/${code}` },
    });
    expect([await aws.items(), await queued()]).toEqual(before);
  });

  it('answer 401 without any hint at what was expected', async () => {
    const { headers, body } = await post(hello, { credentials: `${ROOT_ACCOUNT_SID}:wrong` });
    expect(body).toEqual({
      code: 20003,
      message: 'Authenticate',
      more_info: 'https://www.twilio.com/docs/errors/20003',
      status: 401,
    });
    expect(headers['www-authenticate']).toMatch(/^Basic /);
  });

  it('of a suspended account get 401', async () => {
    const sid = `AC${'5'.repeat(32)}`;
    const item = { pk: sid, sk: 'ACCOUNT', sid, status: 'suspended', generation: 1 };
    await dynamo.send(new PutCommand({ TableName: 'switchboard', Item: item }));
    const { status, body } = await post(hello, { credentials: `${sid}:${tokenOf(sid)}` });
    expect({ status, code: body['code'] }).toEqual({ status: 401, code: 20003 });
  });
});

describe('reading messages', () => {
  const TO_LIST = 'whatsapp:+15554440000';
  const sids: unknown[] = [];
  beforeAll(async () => {
    for (const Body of ['1', '2', '3', '4', '5'])
      sids.unshift((await post({ To: TO_LIST, From: FROM, Body })).body['sid']);
  });
  const sidsOf = (answer: TestAnswer) => (answer.body['messages'] as Record<string, unknown>[]).map(({ sid }) => sid);
  const filter = `To=${encodeURIComponent(TO_LIST)}`;

  it('fetches one as it was created', async () => {
    const created = await post({ ...hello, To: 'whatsapp:+15556660000' });
    const { status, body } = await request({ path: String(created.body['uri']) });
    expect({ status, body }).toEqual({ status: 200, body: created.body });
  });

  it('finds a message by its SID in any letter case, but not under the other prefix', async () => {
    const digits = String(sids[0]).slice(2);
    expect((await request({ path: `${MESSAGES}/SM${digits.toUpperCase()}.json` })).body['sid']).toBe(sids[0]);
    expect((await request({ path: `${MESSAGES}/MM${digits}.json` })).status).toBe(404);
  });

  it('shows the timeline of one', async () => {
    const { status, body } = await request({ path: `${MESSAGES}/${sids[0]}/Timeline.json` });
    expect(status).toBe(200);
    expect(body).toEqual({
      account_sid: ROOT_ACCOUNT_SID,
      message_sid: sids[0],
      timeline: [{ at: expect.stringMatching(/^\d{4}-.*Z$/), event: 'queued', by: 'api' }],
    });
  });

  it('pages through a list, newest first, by following next_page_uri', async () => {
    const first = await request({ path: `${MESSAGES}.json?${filter}&PageSize=2` });
    expect(first.body).toEqual({
      end: 1,
      first_page_uri: `${MESSAGES}.json?${filter}&PageSize=2&Page=0`,
      next_page_uri: `${MESSAGES}.json?${filter}&PageSize=2&Page=1&PageToken=PA${sids[1]}`,
      page: 0,
      page_size: 2,
      previous_page_uri: null,
      messages: expect.any(Array),
      start: 0,
      uri: `${MESSAGES}.json?${filter}&PageSize=2&Page=0`,
    });
    const second = await request({ path: String(first.body['next_page_uri']) });
    expect(second.body).toMatchObject({ page: 1, start: 2, end: 3, previous_page_uri: first.body['first_page_uri'] });
    const third = await request({ path: String(second.body['next_page_uri']) });
    expect(third.body).toMatchObject({ page: 2, start: 4, end: 4, next_page_uri: null });
    expect([first, second, third].flatMap(sidsOf)).toEqual(sids);
  });

  it('has no next page when the last one is full', async () => {
    const { body } = await request({ path: `${MESSAGES}.json?${filter}&PageSize=5` });
    expect(body['next_page_uri']).toBeNull();
  });

  it.each<[why: string, query: string, count: number]>([
    ['sender', `${filter}&From=${encodeURIComponent(FROM)}`, 5],
    ['another sender', `${filter}&From=${encodeURIComponent('whatsapp:+15559999999')}`, 0],
    ['an address that no message can have', 'To=pigeon%3Acoo', 0],
    ['the day', `${filter}&DateSent=${new Date().toISOString().slice(0, 10)}`, 5],
    ['a day in the past', `${filter}&DateSent=2020-01-01`, 0],
    ['a time that is over', `${filter}&DateSent%3C=2020-01-01T00:00:00Z`, 0],
    ['a time since', `${filter}&DateSent%3E=2020-01-01`, 5],
    ['a period that is none', `${filter}&DateSent%3E=2021-01-01&DateSent%3C=2020-01-01`, 0],
  ])('filters by %s', async (_why, query, count) => {
    const { status, body } = await request({ path: `${MESSAGES}.json?${query}` });
    expect(status).toBe(200);
    expect(body['messages']).toHaveLength(count);
    expect(body).toMatchObject({ start: 0, end: Math.max(0, count - 1) });
  });

  it('answers an empty page for a token from before the period', async () => {
    const token = `PASM${'0'.repeat(32)}`;
    const { status, body } = await request({
      path: `${MESSAGES}.json?DateSent%3E=2020-01-01&Page=1&PageToken=${token}`,
    });
    expect({ status, messages: body['messages'] }).toEqual({ status: 200, messages: [] });
  });
});

describe('idempotency', () => {
  it('makes one message of two requests with one key at the same time', async () => {
    const headers = { 'Idempotency-Key': 'at-once' };
    const before = (await aws.items()).filter((item) => 'timeline' in item).length;
    const answers = await Promise.all([1, 2, 3].map(() => post(hello, { headers })));
    expect(answers.map(({ status }) => status)).toEqual([201, 201, 201]);
    expect(new Set(answers.map(({ body }) => body['sid'])).size).toBe(1);
    expect((await aws.items()).filter((item) => 'timeline' in item)).toHaveLength(before + 1);
  });

  it.each(['I-Twilio-Idempotency-Token', 'Idempotency-Key'])(
    'answers a repetition with the first message (%s)',
    async (name) => {
      const headers = { [name]: `order-42-${name}` };
      const first = await post(hello, { headers });
      const second = await post(hello, { headers });
      expect([first.status, second.status]).toEqual([201, 201]);
      expect(second.body['sid']).toBe(first.body['sid']);
      expect((await aws.items()).filter((item) => item['sid'] === first.body['sid'] && item['timeline'])).toHaveLength(
        1,
      );
    },
  );

  it('takes the same parameters in another order for the same request', async () => {
    const headers = { 'Idempotency-Key': 'reordered' };
    const first = await post(hello, { headers });
    const second = await post({ Body: hello.Body, From: hello.From, To: hello.To }, { headers });
    expect(second.body['sid']).toBe(first.body['sid']);
  });

  it('refuses the same key with other parameters, and keeps the first message', async () => {
    const headers = { 'Idempotency-Key': 'changed' };
    const first = await post(hello, { headers });
    const before = [await aws.items(), await queued()];
    const second = await post({ ...hello, Body: 'Other' }, { headers });
    expect(second).toMatchObject({
      status: 400,
      body: { code: 20422, message: expect.stringContaining('idempotency') },
    });
    expect([await aws.items(), await queued()]).toEqual(before);
    expect((await request({ path: String(first.body['uri']) })).body['body']).toBe('Hello');
  });

  it('makes two messages of two requests without a key', async () => {
    const before = await queued();
    const [first, second] = [await post(hello), await post(hello)];
    expect(second.body['sid']).not.toBe(first.body['sid']);
    expect(await queued()).toBe(before + 2);
  });
});

it('logs one line per request, and never a text, a number, a token or a mistyped path', async () => {
  const lines = [vi.spyOn(logger, 'info'), vi.spyOn(logger, 'error')];
  await post({ ...hello, [`Unknown${'x'.repeat(50)}`]: 'secret value' });
  await post({ ...hello, To: 'whatsapp:nonsense' });
  await request({ path: `${MESSAGES}.json?To=${encodeURIComponent(TO)}` });
  await request({ path: '/webhooks/whatsapp/path-secret/' });
  const logged = JSON.stringify(lines.flatMap(({ mock }) => mock.calls));
  expect(lines[0]?.mock.calls.filter(([message]) => message === 'request')).toHaveLength(4);
  for (const secret of ['Hello', '5552223333', 'nonsense', 'secret', tokenOf(ROOT_ACCOUNT_SID)]) {
    expect(logged).not.toContain(secret);
  }
  vi.restoreAllMocks();
});
