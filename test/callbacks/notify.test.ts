import type { SQSRecord } from 'aws-lambda';
import twilio from 'twilio';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { notify } from '../../lambdas/callbacks/notify.ts';
import type { CallbackTask, DeadLetter } from '../../lambdas/domain/tasks.ts';
import { send } from '../../lambdas/platform/http.ts';
import { startProvider } from '../support/provider.ts';

const customer = await startProvider();
afterAll(() => customer.stop());

const TOKEN = 'f'.repeat(32);
const NOW = Date.parse('2026-03-01T12:00:00Z');
let buried: DeadLetter[];
let replies: string[];

beforeEach(() => {
  buried = [];
  replies = [];
  customer.requests.length = 0;
  customer.script({ status: 204, body: '' });
});

const callback = (overrides: Partial<CallbackTask> = {}): CallbackTask => ({
  kind: 'status',
  accountSid: 'AC1',
  messageSid: 'SM1',
  url: `${customer.url}/status?tenant=7`,
  method: 'POST',
  params: { MessageSid: 'SM1', MessageStatus: 'delivered', To: 'whatsapp:+15552223333', Body: 'Olá & 👋' },
  idempotencyToken: 'token-1',
  ...overrides,
});

const record = (body: unknown, { receives = 1, sentAt = NOW } = {}) =>
  ({
    messageId: 'queue-1',
    body: typeof body === 'string' ? body : JSON.stringify(body),
    attributes: { ApproximateReceiveCount: String(receives), SentTimestamp: String(sentAt), MessageGroupId: 'SM1' },
  }) as SQSRecord;

const run = (queued: SQSRecord, { account = true } = {}) =>
  notify(queued, {
    authToken: async () => (account ? TOKEN : undefined),
    send: (request, timeouts) => {
      const timeoutMs = Math.min(timeouts.timeoutMs, 500);
      return send(request, { addresses: { allowLoopback: true }, ...timeouts, timeoutMs });
    },
    reply: async (_task, { body }) => {
      replies.push(body);
    },
    bury: async (letter) => {
      buried.push(letter);
    },
    now: () => NOW,
  });

describe('a callback', () => {
  it('is a signed form that the twilio package accepts', async () => {
    expect(await run(record(callback()))).toEqual({ done: true });

    const [request] = customer.requests;
    expect(request).toMatchObject({ method: 'POST', path: '/status?tenant=7' });
    const params = Object.fromEntries(new URLSearchParams(request?.body));
    expect(params).toEqual(callback().params);
    const signature = request?.headers['x-twilio-signature'] ?? '';
    expect(twilio.validateRequest(TOKEN, signature, callback().url, params)).toBe(true);
    expect(request?.headers['i-twilio-idempotency-token']).toBe('token-1');
  });

  it('carries everything in the query when it is a GET', async () => {
    await run(record(callback({ method: 'GET', params: { Body: 'a b' } })));
    const [request] = customer.requests;
    expect(request).toMatchObject({ method: 'GET', path: '/status?tenant=7&Body=a+b', body: '' });
    const url = `${customer.url}${request?.path}`;
    expect(twilio.validateRequest(TOKEN, request?.headers['x-twilio-signature'] ?? '', url, {})).toBe(true);
  });

  it('sends the user and password of its URL as Basic, outside the signature', async () => {
    await run(record(callback({ url: callback().url.replace('//', '//us%40er:pass@') })));
    const [request] = customer.requests;
    expect(request?.headers['authorization']).toBe(`Basic ${Buffer.from('us@er:pass').toString('base64')}`);
    const params = Object.fromEntries(new URLSearchParams(request?.body));
    expect(twilio.validateRequest(TOKEN, request?.headers['x-twilio-signature'] ?? '', callback().url, params)).toBe(
      true,
    );
  });

  it.each([500, 503, 408, 429])('is tried again after %i', async (status) => {
    customer.script({ status });
    expect(await run(record(callback()))).toMatchObject({ done: false });
    expect(buried).toEqual([]);
  });

  it.each(['hang up', 'never answer'] as const)('is tried again when the customer does: %s', async (script) => {
    customer.script(script);
    expect(await run(record(callback()))).toMatchObject({ done: false });
  });

  it.each([400, 404, 301])('is dropped after %i, as on Twilio', async (status) => {
    customer.script({ status });
    expect(await run(record(callback()))).toEqual({ done: true });
    expect(buried).toEqual([]);
  });

  it('becomes a dead letter when the customer has been down for four hours', async () => {
    customer.script({ status: 500 });
    const old = record(callback(), { receives: 40, sentAt: NOW - 4 * 3_600_000 - 1 });
    expect(await run(old)).toEqual({ done: true });
    expect(buried).toMatchObject([{ kind: 'callback', messageSid: 'SM1', reason: 'The answer was 500.' }]);
  });

  it.each([
    ['cannot be read', record('no json'), {}],
    ['belongs to an account that is gone', record(callback()), { account: false }],
  ])('becomes a dead letter when it %s', async (_, queued, options) => {
    expect(await run(queued, options)).toEqual({ done: true });
    expect(buried).toHaveLength(1);
    expect(customer.requests).toEqual([]);
  });
});

describe("what a callback's URL asks for", () => {
  it.each([
    ['nothing', '', [500, 204], 1],
    ['a retry after a 5xx', '#rc=1&rp=5xx', [500, 204], 2],
    ['three retries after anything', '#rc=3&rp=all', [404, 500, 429, 204], 4],
    ['no more retries than it says', '#rc=1&rp=all', [500, 500, 204], 2],
    ['a retry after a 4xx only', '#rc=5&rp=4xx', [500, 204], 1],
  ])('%s', async (_, fragment, statuses, requests) => {
    customer.script(...statuses.map((status) => ({ status })));
    const handled = await run(record(callback({ url: `${customer.url}/status${fragment}` })));
    expect(customer.requests).toHaveLength(requests);
    expect(handled).toMatchObject({ done: statuses[requests - 1] === 204 });
    expect(new Set(customer.requests.map(({ headers }) => headers['i-twilio-idempotency-token']))).toEqual(
      new Set(['token-1']),
    );
    expect(customer.requests.map(({ path }) => path)).toEqual(Array(requests).fill('/status'));
  });

  it('is kept to in time: what has not answered when its total is over is not tried again', async () => {
    customer.script('never answer', 'never answer');
    await run(record(callback({ url: `${customer.url}/status#rt=100&tt=120&rc=5&rp=rt` })));
    expect(customer.requests.length).toBeLessThanOrEqual(2);
  });
});

describe('the webhook of an inbound message', () => {
  const inbound = () =>
    callback({ kind: 'inbound', url: `${customer.url}/in`, fallbackUrl: `${customer.url}/fallback` });

  it('has its answer acted on', async () => {
    customer.script({ body: '<Response/>' });
    await run(record(inbound()));
    expect(replies).toEqual(['<Response/>']);
  });

  it('goes to the fallback URL when it fails, with what went wrong', async () => {
    customer.script({ status: 500 }, { body: 'from the fallback' });
    expect(await run(record(inbound()))).toEqual({ done: true });
    expect(customer.requests.map(({ path }) => path)).toEqual(['/in', '/fallback']);
    const params = Object.fromEntries(new URLSearchParams(customer.requests[1]?.body));
    expect(params).toMatchObject({ ErrorCode: '11200', ErrorUrl: `${customer.url}/in` });
    expect(replies).toEqual(['from the fallback']);
  });

  it('is tried again when the fallback fails too', async () => {
    customer.script({ status: 500 });
    expect(await run(record(inbound()))).toMatchObject({ done: false });
    expect(replies).toEqual([]);
  });
});

describe('an address that may not be called', () => {
  it.each([
    'http://127.0.0.1/',
    'http://localhost:1/',
    'http://169.254.169.254/latest',
    'http://[::1]/',
    'http://10.0.0.1/',
  ])('is never dialled: %s', async (url) => {
    const request = { method: 'POST' as const, url, headers: {}, body: '' };
    const options = { addresses: { allowLoopback: false }, timeoutMs: 500 };
    await expect(send(request, options)).rejects.toThrow('may not be reached');
  });
});
