import type { SQSRecord } from 'aws-lambda';
import twilio from 'twilio';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import type { CustomerHost, Held } from '../../lambdas/callbacks/customer-hosts.ts';
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
/** What callbacks to a path have to wait for. */
let held: Record<string, Held>;
/** What was reported of hosts: `reached AC1 host`. */
let reports: string[];

beforeEach(() => {
  buried = [];
  replies = [];
  held = {};
  reports = [];
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

const LONG_AGO = NOW - 4 * 3_600_000 - 1;
const ELSEWHERE = { ...callback(), url: 'https://a.example' };
const NO_URL = { ...callback(), url: 'status' };

const record = (body: unknown, { receives = 1, sentAt = NOW } = {}) =>
  ({
    messageId: 'queue-1',
    body: typeof body === 'string' ? body : JSON.stringify(body),
    attributes: { ApproximateReceiveCount: String(receives), SentTimestamp: String(sentAt), MessageGroupId: 'SM1' },
  }) as SQSRecord;

interface Options {
  account?: boolean;
  /** What goes wrong at our own side. */
  trouble?: Error;
}

const run = (queued: SQSRecord, { account = true, trouble }: Options = {}) =>
  notify(queued, {
    authToken: async () => {
      if (trouble) throw trouble;
      return account ? TOKEN : undefined;
    },
    heldBy: async ({ url }) => held[new URL(url).pathname],
    report: async ({ accountSid, url }: CustomerHost, outcome, tookMs) => {
      expect(tookMs).toBeGreaterThanOrEqual(0);
      reports.push(`${outcome} ${accountSid} ${new URL(url).pathname}`);
    },
    elapsed: () => performance.now(),
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
    const old = record(callback(), { receives: 40, sentAt: LONG_AGO });
    expect(await run(old)).toEqual({ done: true });
    expect(buried).toMatchObject([{ kind: 'callback', messageSid: 'SM1', reason: 'The answer was 500.' }]);
  });

  it('has the whole of a user and password that are no percent-encoding', async () => {
    await run(record(callback({ url: callback().url.replace('//', '//us%er:100%@') })));
    const authorization = customer.requests[0]?.headers['authorization'];
    expect(authorization).toBe(`Basic ${Buffer.from('us%er:100%').toString('base64')}`);
  });

  it.each([1, 40])(
    'is tried again within a minute after trouble of our own, after %i receives too',
    async (receives) => {
      const handled = await run(record(callback(), { receives }), { trouble: new Error('throttled') });
      expect(handled).toMatchObject({ done: false });
      expect('retryIn' in handled && handled.retryIn).toBeLessThanOrEqual(64);
      expect(customer.requests).toEqual([]);
    },
  );

  it.each([
    ['cannot be read', record('no json'), {}],
    ['names no URL', record(NO_URL), {}],
    ['names a fallback that is no URL', record({ ...NO_URL, url: 'https://a.example', fallbackUrl: 'here' }), {}],
    ['cannot be handled for four hours', record(ELSEWHERE, { sentAt: LONG_AGO }), { trouble: new TypeError('bug') }],
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

describe('what is learnt of a host', () => {
  it.each<[string, Parameters<typeof customer.script>, string, string[]]>([
    ['a 2xx', [{ status: 204 }], '', ['reached']],
    ['a refusal', [{ status: 404 }], '', ['reached']],
    ['too many requests', [{ status: 429 }], '', ['reached']],
    ['a 5xx', [{ status: 500 }], '', ['unreached']],
    ['no answer', ['never answer'], '#rt=100', ['unreached']],
    ['a connection that breaks', ['hang up'], '', ['unreached']],
    ['each try by itself', [{ status: 503 }, { status: 204 }], '#rc=2&rp=all', ['unreached', 'reached']],
  ])('%s', async (_, scripts, fragment, outcomes) => {
    customer.script(...scripts);
    await run(record(callback({ url: `${customer.url}/status${fragment}` })));
    expect(reports).toEqual(outcomes.map((outcome) => `${outcome} AC1 /status`));
  });

  it('no connection', async () => {
    await run(record(callback({ url: 'http://127.0.0.1:1/status' })));
    expect(reports).toEqual(Array(2).fill('unreached AC1 /status'));
  });
});

describe('a callback that is held', () => {
  const DOWN: Held = { kind: 'held', why: 'down', waitMs: 20_000 };
  const SLOW: Held = { kind: 'held', why: 'slow', waitMs: 300 };

  it.each<[Held, number, number, number]>([
    [DOWN, 1, 20, 30],
    [DOWN, 50, 20, 30],
    [SLOW, 1, 0.3, 2],
    [SLOW, 4, 0.3, 16],
    [SLOW, 500, 0.3, 64],
  ])('waits for %j after %i receives from %d to %d seconds, and asks nobody', async (hold, receives, least, most) => {
    held = { '/status': hold };
    const handled = await run(record(callback(), { receives }));
    const retryIn = 'retryIn' in handled ? handled.retryIn : -1;
    expect(retryIn).toBeGreaterThanOrEqual(least);
    expect(retryIn).toBeLessThanOrEqual(most);
    expect([customer.requests, reports, buried]).toEqual([[], [], []]);
  });

  it.each<[Held, string]>([
    [DOWN, 'The host could not be reached.'],
    [SLOW, 'The host answers too slowly.'],
  ])('becomes a dead letter after four hours: %j', async (hold, reason) => {
    held = { '/status': hold };
    expect(await run(record(callback(), { sentAt: LONG_AGO }))).toEqual({ done: true });
    expect(buried).toMatchObject([{ reason }]);
  });

  it.each<[string, Record<string, Held>, string[], boolean]>([
    ['goes to its fallback URL when its host is down', { '/in': DOWN }, ['/fallback'], true],
    ['waits when its host is slow', { '/in': SLOW }, [], false],
    ['waits when both are down', { '/in': DOWN, '/fallback': DOWN }, [], false],
    ['waits when its host fails and the fallback is down', { '/fallback': DOWN }, ['/in'], false],
  ])('%s', async (_, holds, paths, isDone) => {
    held = holds;
    customer.script(...(paths[0] === '/in' ? [{ status: 500 }] : [{ body: '<Response/>' }]));
    const task = callback({ kind: 'inbound', url: `${customer.url}/in`, fallbackUrl: `${customer.url}/fallback` });
    expect(await run(record(task))).toMatchObject({ done: isDone });
    expect(customer.requests.map(({ path }) => path)).toEqual(paths);
    if (!isDone) return;
    const params = Object.fromEntries(new URLSearchParams(customer.requests[0]?.body));
    expect(params).toMatchObject({ ErrorCode: '11205', ErrorUrl: task.url });
    expect(replies).toEqual(['<Response/>']);
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
