import { describe, expect, it } from 'vitest';
import { onBench } from './bench.ts';

describe('a webhook', () => {
  it('says nothing about the business and carries no signature', async () => {
    await onBench({}, async (bench) => {
      await bench.connect();
      await bench.write({ text: 'Hi' });
      await bench.device.sendText();
      await bench.advance(1000);

      expect(bench.receiver.received).toHaveLength(4);
      for (const { body, headers } of bench.receiver.received) {
        expect(JSON.stringify(body)).not.toContain('15550001111');
        expect(Object.keys(headers).filter((name) => /signature|auth/.test(name))).toEqual([]);
        expect(headers['content-type']).toBe('application/json');
      }
    });
  });

  it.each([201, 204, 301, 400, 404, 500])('that is answered %i is posted again', async (status) => {
    await onBench({}, async (bench) => {
      await bench.connect();
      bench.receiver.answers.push(status);
      await bench.write({ text: 'Hi' });
      await bench.advance(2999);
      expect(bench.receiver.received).toHaveLength(1);

      await bench.advance(1);
      expect(bench.receiver.received).toHaveLength(2);
      expect(bench.receiver.received[1]?.body).toEqual(bench.receiver.received[0]?.body);
      await bench.advance(3_600_000);
      expect(bench.receiver.received).toHaveLength(2);
    });
  });

  it('is retried after delays that grow by 3 s, up to 15 minutes, without end', async () => {
    await onBench({}, async (bench) => {
      await bench.connect();
      bench.receiver.answers.push(...Array(1000).fill(500));
      await bench.write({ text: 'Hi' });
      const counts: number[] = [];
      for (const seconds of [3, 6, 9, 12]) {
        await bench.advance(seconds * 1000 - 1);
        counts.push(bench.receiver.received.length);
        await bench.advance(1);
        counts.push(bench.receiver.received.length);
      }
      expect(counts).toEqual([1, 2, 2, 3, 3, 4, 4, 5]);

      // 3 s × (5 + … + 300) is over in 37 hours; from then on it is every 15 minutes.
      await bench.advance(40 * 3_600_000);
      const before = bench.receiver.received.length;
      await bench.advance(3_600_000);
      expect(bench.receiver.received.length - before).toBe(4);
    });
  });

  it('follows the delays of the settings, given as numbers or strings', async () => {
    await onBench({}, async (bench) => {
      await bench.connect({ callback_backoff_delay_ms: '1000', max_callback_backoff_delay_ms: 1500 });
      bench.receiver.answers.push(500, 500, 500);
      await bench.write({ text: 'Hi' });
      const counts: number[] = [];
      for (const step of [1000, 1500, 1500]) {
        await bench.advance(step);
        counts.push(bench.receiver.received.length);
      }

      expect(counts).toEqual([2, 3, 4]);
    });
  });

  it('waits for a URL', async () => {
    await onBench({}, async (bench) => {
      await bench.device.enter();
      await bench.write({ text: 'Hi' });
      expect(bench.receiver.received).toEqual([]);

      const webhooks = { url: `${bench.receiver.url}/late` };
      await bench.device.call('PATCH', '/v1/settings/application', { webhooks });
      await bench.advance(0);
      expect(bench.receiver.messages).toMatchObject([{ text: { body: 'Hi' } }]);
    });
  });

  it('is retried when nobody listens', async () => {
    await onBench({}, async (bench) => {
      await bench.connect();
      const { url } = bench.receiver;
      await bench.receiver.stop();
      await bench.write({ text: 'Hi' });
      expect((await bench.control('GET', '/devices/first')).json['pendingWebhooks']).toBe(1);

      await bench.receiver.start();
      const webhooks = { url: `${bench.receiver.url}/moved` };
      expect(bench.receiver.url).not.toBe(url);
      await bench.device.call('PATCH', '/v1/settings/application', { webhooks });
      await bench.advance(3000);
      expect(bench.receiver.messages).toHaveLength(1);
    });
  });
});

describe('settings that a coreapp reads when it starts', () => {
  async function mostAtOnce(restart: boolean): Promise<number> {
    let most = 0;
    await onBench({}, async (bench) => {
      await bench.connect();
      await bench.device.call('PATCH', '/v1/settings/application', { webhooks: { max_concurrent_requests: 12 } });
      if (restart) {
        await bench.control('POST', '/devices/first/restart');
        await bench.advance(500);
      }
      bench.receiver.holding = true;
      const path = '/contacts/15552223333/messages';
      for (let count = 0; count < 20; count += 1) await bench.control('POST', path, { text: 'Hi' });
      await bench.receiver.waitFor(restart ? 12 : 6);
      bench.receiver.release();
      await bench.advance(0);
      expect(bench.receiver.messages).toHaveLength(20);
      most = bench.receiver.mostConcurrent;
    });
    return most;
  }

  it.each([
    ['6 at once, as before, until the coreapp restarts', false, 6],
    ['12 at once after the restart', true, 12],
  ])('webhook concurrency: %s', async (_, restart, expected) => {
    expect(await mostAtOnce(restart)).toBe(expected);
  });

  it.each([
    ['survive a restart', [true], 1],
    ['survive the restart that makes them volatile', [false], 1],
    ['are lost at the next one', [false, undefined], 0],
  ])('undelivered webhooks %s', async (_, restarts, expected) => {
    await onBench({}, async (bench) => {
      await bench.connect();
      const [persist, ...more] = restarts;
      await bench.device.call('PATCH', '/v1/settings/application', { callback_persist: persist });
      for (const _again of more) await bench.control('POST', '/devices/first/restart');
      await bench.advance(500);
      bench.receiver.answers.push(500);
      await bench.write({ text: 'Hi' });
      bench.receiver.received.length = 0;
      await bench.control('POST', '/devices/first/restart');
      await bench.advance(10_000);

      expect(bench.receiver.messages).toHaveLength(expected);
    });
  });
});
