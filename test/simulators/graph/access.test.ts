import { createHmac } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { describe, expect, it, onTestFinished } from 'vitest';
import { startGraph, WABA } from './graph.ts';

const codeOf = (json: Record<string, unknown>) => (json['error'] as { code: number }).code;

describe('tokens', () => {
  it.each([
    ['none', '', 401, 104],
    ['an unknown one', 'nobody', 401, 190],
    ['an expired one', 'old', 401, 190],
    ["another account's", 'other', 400, 100],
  ])('%s is refused', async (_, token, status, code) => {
    const simulator = await startGraph();
    await simulator.control('POST', '/tokens', { token: 'old', wabaIds: [WABA], expiresInMs: 0 });
    await simulator.control('POST', '/tokens', { token: 'other', wabaIds: ['7'] });
    const answer = await simulator.graph('GET', `/${WABA}?fields=name`, undefined, token);
    expect([answer.status, codeOf(answer.json)]).toEqual([status, code]);
  });

  it('are described by debug_token, and exchanged for 60 more days while they live', async () => {
    const simulator = await startGraph();
    await simulator.control('POST', '/tokens', { token: 'sixty', wabaIds: [WABA], expiresInMs: 1_000_000 });
    const { json } = await simulator.graph('GET', '/debug_token?input_token=sixty');
    expect(json['data']).toMatchObject({ is_valid: true, type: 'SYSTEM_USER', app_id: '2000000001' });
    const path =
      '/oauth/access_token?grant_type=fb_exchange_token&client_id=2000000001&client_secret=sandbox-app-secret&fb_exchange_token=sixty';
    const exchanged = await simulator.graph('GET', path);
    expect(exchanged.json).toMatchObject({ token_type: 'bearer', expires_in: 5_184_000 });
    const token = String(exchanged.json['access_token']);
    expect((await simulator.graph('GET', `/${WABA}?fields=name`, undefined, token)).json).toEqual({
      id: WABA,
      name: 'Sandbox',
    });
    await simulator.control('POST', '/clock', { advanceMs: 1_000_000 });
    expect((await simulator.graph('GET', path)).status).toBe(401);
  });
});

it('counts management calls of an account by the hour', async () => {
  const simulator = await startGraph({ callsPerHour: 2 });
  const call = async () => (await simulator.graph('GET', `/${WABA}/phone_numbers`)).status;
  expect([await call(), await call(), await call()]).toEqual([200, 200, 400]);
  await simulator.control('POST', '/clock', { advanceMs: 3_600_001 });
  expect(await call()).toBe(200);
});

it.each([
  ['GET', '/v25.0/1000000001/phone_numbers', true],
  ['POST', '/v25.0/99/register', true],
  ['GET', '/v25.0/1000000001', true],
  ['GET', '/debug_token', true],
  ['POST', '/v25.0/1000000001/subscribed_apps', true],
  ['POST', '/v25.0/424242/subscribed_apps', false],
  ['GET', '/v25.0/424242', false],
  ['POST', '/v25.0/1000000001/messages', false],
  ['POST', '/v25.0/1000000001/media', false],
])('answers for %s %s: %s', async (method, path, expected) => {
  const simulator = await startGraph();
  expect(simulator.answersFor(method, new URL(path, 'https://graph.facebook.com'))).toBe(expected);
});

it('does what a fault says, so often', async () => {
  const simulator = await startGraph();
  const fault = { match: { path: `/${WABA}` }, count: 1, action: { httpStatus: 503, errorCode: 2 } };
  await simulator.control('POST', '/faults', fault);
  const answers = [await simulator.graph('GET', `/${WABA}`), await simulator.graph('GET', `/${WABA}`)];
  expect(answers.map(({ status }) => status)).toEqual([503, 200]);
});

describe('a subscription', () => {
  /** A subscriber that echoes challenges if the verify token is right, and keeps what it is told. */
  async function subscriber() {
    const told: { body: string; signature: string }[] = [];
    const arrived = Promise.withResolvers<void>();
    const server = createServer(async (request, response) => {
      const { searchParams } = new URL(request.url ?? '/', 'http://subscriber');
      if (request.method === 'GET') {
        const isRight = searchParams.get('hub.verify_token') === 'right';
        response.writeHead(isRight ? 200 : 403).end(searchParams.get('hub.challenge'));
        return;
      }
      told.push({ body: await text(request), signature: String(request.headers['x-hub-signature-256']) });
      response.end();
      arrived.resolve();
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => void server.close());
    return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook`, told, arrived: arrived.promise };
  }

  it('needs the challenge echoed', async () => {
    const simulator = await startGraph();
    const { url } = await subscriber();
    const subscribe = (token: string) =>
      simulator.graph('POST', `/${WABA}/subscribed_apps`, { override_callback_uri: url, verify_token: token });
    expect((await subscribe('wrong')).status).toBe(400);
    expect((await simulator.graph('GET', `/${WABA}/subscribed_apps`)).json).toEqual({ data: [] });
    expect((await subscribe('right')).status).toBe(200);
  });

  it('is told of a quality change, signed with the app secret', async () => {
    const simulator = await startGraph();
    const { url, told, arrived } = await subscriber();
    await simulator.addNumber();
    const subscription = { override_callback_uri: url, verify_token: 'right' };
    await simulator.graph('POST', `/${WABA}/subscribed_apps`, subscription);
    await simulator.control('PATCH', '/numbers/15550002222', { quality: 'RED' });
    await arrived;
    const [{ body, signature } = { body: '', signature: '' }] = told;
    expect(signature).toBe(`sha256=${createHmac('sha256', 'sandbox-app-secret').update(body).digest('hex')}`);
    expect(JSON.parse(body)).toMatchObject({
      object: 'whatsapp_business_account',
      entry: [{ id: WABA, changes: [{ field: 'phone_number_quality_update', value: { event: 'FLAGGED' } }] }],
    });
  });
});
