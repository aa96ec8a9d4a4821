import { describe, expect, it } from 'vitest';
import { CONTACT, OTHER_DEVICE, onBench } from './bench.ts';

interface Node {
  gateway_status?: string;
  role?: string;
  errors?: unknown[];
}

describe('health', () => {
  it.each([
    ['connected', 'connected'],
    ['connecting', 'connecting'],
    ['disconnected', 'disconnected'],
    ['uninitialized', 'uninitialized'],
    ['unregistered', 'unregistered'],
  ])('of a single instance that is %s', async (state, expected) => {
    await onBench({}, async (bench) => {
      await bench.device.enter();
      await bench.control('PATCH', '/devices/first', { state });

      expect((await bench.device.call('GET', '/v1/health')).json).toEqual({
        health: { gateway_status: expected },
        meta: { api_status: 'stable', version: 'v2.45.1' },
      });
    });
  });

  it.each([
    ['high-availability', 3, 1, false],
    ['multiconnect', 10, 8, true],
  ] as const)(
    'of %s names every node, and spares are disconnected and well',
    async (mode, coreapps, connected, primaryConnected) => {
      await onBench({ mode, coreapps }, async (bench) => {
        await bench.device.enter();
        if (mode === 'multiconnect') {
          const shards = { cc: '1', phone_number: '5550001111', shards: 8, cert: 'Q2VydA==' };
          await bench.device.call('POST', '/v1/account/shards', shards);
          await bench.advance(500);
        }
        const nodes = Object.values(
          (await bench.device.call('GET', '/v1/health')).json['health'] as Record<string, Node>,
        );
        const count = (role: string, status: string) =>
          nodes.filter((node) => node.role === role && node.gateway_status === status).length;

        expect(nodes).toHaveLength(2 + coreapps);
        expect(count('coreapp', 'connected')).toBe(connected);
        expect(count('coreapp', 'disconnected')).toBe(coreapps - connected);
        expect(count('primary_master', 'connected')).toBe(primaryConnected ? 1 : 0);
        expect(count('secondary_master', 'disconnected')).toBe(1);
      });
    },
  );

  it('of a cluster nests 1011 under HTTP 200 when coreapps are down', async () => {
    await onBench({ mode: 'high-availability' }, async (bench) => {
      await bench.device.enter();
      await bench.control('PATCH', '/devices/first', { state: 'core_down' });
      const { status, json } = await bench.device.call('GET', '/v1/health');
      const sick = Object.values(json['health'] as Record<string, Node>).filter((node) => node.errors !== undefined);

      expect(status).toBe(200);
      expect(sick).toMatchObject([{ errors: [{ code: 1011 }] }, { errors: [{ code: 1011 }] }]);
    });
  });

  it.each(['/v1/health', '/v1/stats/app', '/v1/stats/app/internal', '/v1/stats/db', '/metrics'])(
    '%s opens with the API key; other endpoints do not',
    async (path) => {
      await onBench({ apiKey: 'a-static-key-of-some-length' }, async (bench) => {
        const headers = { authorization: 'Apikey a-static-key-of-some-length' };

        expect((await bench.device.call('GET', path, undefined, headers)).status).toBe(200);
        expect((await bench.device.call('GET', path, undefined, { authorization: 'Apikey other' })).status).toBe(401);
        expect((await bench.device.call('GET', '/v1/support', undefined, headers)).status).toBe(401);
      });
    },
  );
});

describe('statistics', () => {
  it('count messages and webhooks by result', async () => {
    await onBench({}, async (bench) => {
      await bench.connect();
      await bench.device.sendText();
      await bench.advance(1000);
      bench.receiver.answers.push(301);
      await bench.write({ text: 'x' });
      const { json } = await bench.device.call('GET', '/v1/stats/app');

      expect(json).toMatchObject({
        stats: {
          app: {
            out_message_status: {
              type: 'counter',
              data: ['sent', 'delivered', 'read'].map((status) => ({ labels: { status }, value: 1 })),
            },
            callback_requests: {
              data: expect.arrayContaining([
                { labels: { type: 'status_change', result: 'success' }, value: 3 },
                { labels: { type: 'inbound_message', result: '301' }, value: 1 },
              ]),
            },
            pending_callbacks: { data: [{ labels: {}, value: 1 }] },
          },
        },
      });
    });
  });

  it('are given to Prometheus in its own format', async () => {
    await onBench({}, async (bench) => {
      await bench.connect();
      await bench.device.sendText();
      const { text } = await bench.device.call('GET', '/metrics?format=prometheus');

      expect(text).toContain('# TYPE out_message_persisted counter\nout_message_persisted{type="text"} 1\n');
      expect((await bench.device.call('GET', '/metrics')).json).toHaveProperty('metrics.out_message_persisted');
    });
  });

  it('do not grow with paths that do not exist', async () => {
    await onBench({}, async (bench) => {
      await bench.connect();
      await bench.device.call('GET', '/v1/typo-1');
      await bench.device.call('GET', '/v1/typo-2');

      expect((await bench.device.call('GET', '/v1/stats/app')).text).not.toContain('typo');
    });
  });
});

it('support tells the version, the number and when the build expires', async () => {
  await onBench({ version: '2.47.1' }, async (bench) => {
    await bench.device.enter();
    const { json } = await bench.device.call('GET', '/v1/support');

    expect(json).toMatchObject({
      support: {
        debug_info: '15550001111',
        socket_conn: 'UP',
        expire_timestamp: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d$/),
      },
      meta: { version: 'v2.47.1' },
    });
  });
});

describe('paths', () => {
  it.each([
    ['GET', '/v1/nothing'],
    ['DELETE', '/v1/messages'],
    ['GET', '/v2/health'],
    ['GET', '/devices/15558888888/v1/health'],
    ['GET', '/v1/media/%zz'],
    ['POST', '/v1/groups'],
  ])('%s %s is unknown: 404 with 1006', async (method, path) => {
    await onBench({}, async (bench) => {
      await bench.device.enter();

      expect(await bench.device.call(method, path)).toMatchObject({
        status: 404,
        json: { errors: [{ code: 1006, title: 'Resource not found' }], meta: { api_status: 'stable' } },
      });
    });
  });

  it('GET / answers 200 to anyone, under the base path too', async () => {
    await onBench({}, async (bench) => {
      expect((await fetch(`${bench.simulator.url}/`)).status).toBe(200);
      expect((await fetch(`${bench.simulator.url}/devices/${OTHER_DEVICE}/`)).status).toBe(200);
      expect((await fetch(`${bench.simulator.url}/devices/15558888888/`)).status).toBe(404);
    });
  });

  it('a body that is too large is refused, and the connection goes on', async () => {
    await onBench({}, async (bench) => {
      await bench.connect();
      const text = { body: 'x'.repeat(1024 * 1024) };

      expect((await bench.device.call('POST', '/v1/messages', { to: CONTACT, text })).status).toBe(413);
      expect(await bench.device.sendText()).toMatch(/^gBEG/);
    });
  });
});

describe('the rate limit', () => {
  it('lets a burst of 60 through, then 20 a second, and says 429 with 1015 and no Retry-After', async () => {
    await onBench({}, async (bench) => {
      await bench.connect();
      const send = async () =>
        (await bench.device.call('POST', '/v1/messages', { to: CONTACT, text: { body: 'x' } })).status;
      const sendMany = async (count: number) => {
        const statuses: number[] = [];
        for (let index = 0; index < count; index += 1) statuses.push(await send());
        return statuses.filter((status) => status === 201).length;
      };

      expect(await sendMany(65)).toBe(60);
      await bench.advance(1000);
      expect(await sendMany(25)).toBe(20);
      await bench.advance(50);
      expect(await sendMany(3)).toBe(1);
      await bench.advance(60_000);
      expect(await sendMany(65)).toBe(60);

      const authorization = `Bearer ${bench.device.token}`;
      const refused = await fetch(`${bench.simulator.url}/v1/messages`, { method: 'POST', headers: { authorization } });
      expect(refused.status).toBe(429);
      expect(refused.headers.has('retry-after')).toBe(false);
      expect(await refused.json()).toMatchObject({ errors: [{ code: 1015, title: 'Too many requests' }] });
    });
  });

  it('counts other requests apart, and each device for itself', async () => {
    const tight = { perSecond: 1, burst: 3 };
    await onBench({ rates: { messages: tight, others: tight } }, async (bench) => {
      await bench.connect();
      const other = bench.deviceClient(OTHER_DEVICE);
      for (const expected of [200, 429]) {
        expect((await bench.device.call('GET', '/v1/health')).status).toBe(expected);
      }
      expect((await bench.device.call('POST', '/v1/messages', { to: CONTACT, text: { body: 'x' } })).status).toBe(201);
      expect((await other.call('GET', '/v1/health')).status).toBe(401);
      expect((await fetch(`${bench.simulator.url}/`)).status).toBe(200);
    });
  });
});
