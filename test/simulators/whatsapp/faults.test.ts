import { describe, expect, it } from 'vitest';
import { type Bench, CONTACT, DEVICE, type JsonObject, OTHER_DEVICE, onBench } from './bench.ts';

const SENDS = { path: '/v1/messages', method: 'post' };

async function statuses(bench: Bench, count: number, path = '/v1/health'): Promise<number[]> {
  const all: number[] = [];
  for (let index = 0; index < count; index += 1) all.push((await bench.device.call('GET', path)).status);
  return all;
}

async function faulty(bench: Bench, ...rules: JsonObject[]): Promise<void> {
  const { status, text } = await bench.control('POST', '/faults', rules);
  if (status !== 201) throw new Error(text);
}

describe('a fault', () => {
  it('answers the next N requests with an HTTP status, before anything is done', async () => {
    await onBench({}, async (bench) => {
      await bench.connect();
      await faulty(bench, { match: SENDS, count: 2, action: { httpStatus: 503 } });
      const send = () => bench.device.call('POST', '/v1/messages', { to: CONTACT, text: { body: 'x' } });
      const replies = [await send(), await send(), await send()];
      await bench.advance(1000);

      expect(replies.map(({ status }) => status)).toEqual([503, 503, 201]);
      expect(replies[0]?.json).toMatchObject({ errors: [{ code: 1016, title: 'System overloaded' }] });
      expect(await bench.phone()).toHaveLength(2);
    });
  });

  it.each([
    ['code and title given', { httpStatus: 500, errorCode: 1018, title: 'Moved' }, 500, { code: 1018, title: 'Moved' }],
    ['an error inside a 200', { errorCode: 1023 }, 200, { code: 1023, title: 'Database error occurred' }],
    ['429 alone', { httpStatus: 429 }, 429, { code: 1015, title: 'Too many requests' }],
    [
      'details',
      { httpStatus: 401, details: 'Invalid credentials.' },
      401,
      { code: 1005, title: 'Access denied', details: 'Invalid credentials.' },
    ],
  ])('answers with what was asked for: %s', async (_, action, status, error) => {
    await onBench({}, async (bench) => {
      await bench.device.enter();
      await faulty(bench, { count: 1, action });
      const reply = await bench.device.call('GET', '/v1/health');

      expect(reply.status).toBe(status);
      expect(reply.json).toEqual({ errors: [error], meta: { api_status: 'stable', version: 'v2.45.1' } });
    });
  });

  it('strikes the same share of requests for the same seed', async () => {
    const run = async (seed: number) => {
      let result: number[] = [];
      await onBench({}, async (bench) => {
        await bench.device.enter();
        await faulty(bench, { share: 0.3, seed, action: { httpStatus: 500 } });
        result = await statuses(bench, 50);
      });
      return result;
    };
    const [first, again, other] = [await run(7), await run(7), await run(8)];
    const hits = first.filter((status) => status === 500).length;

    expect(again).toEqual(first);
    expect(other).not.toEqual(first);
    expect(hits).toBeGreaterThan(5);
    expect(hits).toBeLessThan(25);
  });

  it.each([
    ['the path', { path: '/v1/stats' }],
    ['the method', { method: 'POST' }],
    ['the device', { device: OTHER_DEVICE }],
  ])('leaves other requests alone by %s', async (_, match) => {
    await onBench({}, async (bench) => {
      await bench.device.enter();
      await faulty(bench, { match, action: { httpStatus: 500 } });

      expect(await statuses(bench, 2)).toEqual([200, 200]);
    });
  });

  it('strikes the device that it names, by either base path', async () => {
    await onBench({}, async (bench) => {
      await bench.device.enter();
      await faulty(bench, { match: { device: DEVICE }, action: { httpStatus: 500 } });
      const named = bench.deviceClient(DEVICE);

      expect(await statuses(bench, 1)).toEqual([500]);
      expect((await named.call('GET', '/v1/health')).status).toBe(500);
    });
  });

  it('delays a request by the simulator’s time', async () => {
    await onBench({}, async (bench) => {
      await bench.device.enter();
      await faulty(bench, { match: { path: '/v1/support' }, action: { delayMs: 60_000 } });
      let answered = false;
      const slow = bench.device.call('GET', '/v1/support').then((reply) => {
        answered = true;
        return reply;
      });
      while ((await bench.control('GET', '/faults')).text.includes('"hits":0'));
      await bench.advance(59_999);
      await bench.device.call('GET', '/v1/health');
      expect(answered).toBe(false);

      await bench.advance(1);
      expect((await slow).status).toBe(200);
    });
  });

  it('drops the connection after the message was accepted', async () => {
    await onBench({}, async (bench) => {
      await bench.connect();
      await faulty(bench, { match: SENDS, count: 1, action: 'dropAfterAccepting' });

      await expect(bench.device.sendText('Hello')).rejects.toThrow('fetch failed');
      await bench.advance(1000);
      expect((await bench.phone()).at(-1)).toMatchObject({ text: 'Hello' });
    });
  });

  it('answers late what was accepted at once, so that its statuses come first', async () => {
    await onBench({}, async (bench) => {
      await bench.connect();
      await faulty(bench, { match: SENDS, count: 1, action: { answerDelayMs: 60_000 } });
      let isAnswered = false;
      const sent = bench.device.sendText('Hello').then(() => {
        isAnswered = true;
      });
      while ((await bench.control('GET', '/faults')).text.includes('"hits":0'));
      await bench.advance(59_999);
      expect(bench.receiver.statusNames).toEqual(['sent', 'delivered', 'read']);
      expect(isAnswered).toBe(false);

      await bench.advance(1);
      await sent;
    });
  });

  it('holds up a webhook, which others overtake', async () => {
    await onBench({}, async (bench) => {
      await bench.connect();
      await faulty(bench, { count: 1, action: { delayWebhooksMs: 60_000 } });
      await bench.write({ text: 'held up' });
      await bench.write({ text: 'on time' });
      await bench.advance(60_000);

      const texts = bench.receiver.messages.map((message) => (message['text'] as JsonObject)['body']);
      expect(texts).toEqual(['on time', 'held up']);
    });
  });

  it('takes a device down, until the faults are cleared', async () => {
    await onBench({}, async (bench) => {
      await bench.device.enter();
      await faulty(bench, { match: { device: DEVICE }, action: 'down' });
      await expect(bench.device.call('GET', '/v1/health')).rejects.toThrow('fetch failed');
      expect((await fetch(`${bench.simulator.url}/devices/${OTHER_DEVICE}/`)).status).toBe(200);

      expect((await bench.control('DELETE', '/faults')).json).toEqual({ faults: [] });
      expect(await statuses(bench, 1)).toEqual([200]);
    });
  });

  it('of one device can be cleared alone', async () => {
    await onBench({}, async (bench) => {
      const rules = [DEVICE, OTHER_DEVICE].map((device) => ({ match: { device }, action: 'down' }));
      await faulty(bench, ...rules);
      const { json } = await bench.control('DELETE', `/faults?device=${OTHER_DEVICE}`);
      expect(json).toMatchObject({ faults: [{ match: { device: DEVICE } }] });
    });
  });

  it('posts webhooks twice', async () => {
    await onBench({}, async (bench) => {
      await bench.connect();
      await faulty(bench, { count: 1, action: 'duplicateWebhooks' });
      await bench.write({ text: 'one' });
      await bench.write({ text: 'two' });

      expect(bench.receiver.messages.map((message) => message['text'])).toEqual([
        { body: 'one' },
        { body: 'one' },
        { body: 'two' },
      ]);
      expect(bench.receiver.messages[0]?.['id']).toBe(bench.receiver.messages[1]?.['id']);
    });
  });

  it('holds a webhook back until the next one has been posted', async () => {
    await onBench({}, async (bench) => {
      await bench.connect();
      await faulty(bench, { count: 1, action: 'reorderWebhooks' });
      await bench.device.sendText();
      await bench.advance(1000);

      expect(bench.receiver.statusNames).toEqual(['delivered', 'sent', 'read']);
    });
  });

  it('lets a held webhook go when none follows', async () => {
    await onBench({}, async (bench) => {
      await bench.connect();
      await faulty(bench, { count: 1, action: 'reorderWebhooks' });
      await bench.write({ text: 'alone' });
      await bench.advance(999);
      expect(bench.receiver.messages).toEqual([]);

      await bench.advance(1);
      expect(bench.receiver.messages).toHaveLength(1);
    });
  });

  it('is listed with what it has done', async () => {
    await onBench({}, async (bench) => {
      await bench.device.enter();
      await faulty(bench, { match: { path: '/v1/health' }, count: 2, action: { httpStatus: 500 } });
      await statuses(bench, 3);

      expect((await bench.control('GET', '/faults')).json).toMatchObject({
        faults: [{ id: 1, count: 2, seen: 2, hits: 2, action: { httpStatus: 500 } }],
      });
    });
  });

  it.each<[string, unknown, RegExp]>([
    ['no action', {}, /^action: is required/],
    ['an empty action', { action: {} }, /^action: names no fault/],
    ['an unknown action', { action: 'explode' }, /^action: must be one of dropAfterAccepting, down/],
    ['a share above 1', { share: 2, action: 'down' }, /^share: must be between 0 and 1/],
    ['a relative path', { match: { path: 'v1' }, action: 'down' }, /^match\.path: must be a path/],
    ['a path for a webhook fault', { match: { path: '/v1' }, action: 'duplicateWebhooks' }, /by device only/],
    ['an unknown key', { times: 3, action: 'down' }, /^times: is not known/],
    ['broken JSON', '{', /^The body is not JSON/],
  ])('is refused with a sentence: %s', async (_, rule, expected) => {
    await onBench({}, async (bench) => {
      const { status, json } = await bench.control('POST', '/faults', rule);

      expect(status).toBe(400);
      expect(json['error']).toMatch(expected);
      expect((await bench.control('GET', '/faults')).json).toEqual({ faults: [] });
    });
  });
});
