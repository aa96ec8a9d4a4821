import { describe, expect, it } from 'vitest';
import { type Bench, CONTACT, DEVICE, onBench, PASSWORD } from './bench.ts';

const DAY = 24 * 3600 * 1000;
const CERT = Buffer.from('Example Bakery').toString('base64');
const ACCOUNT = { cc: '1', phone_number: '5559990000', method: 'sms', cert: CERT };
const SHARDS = { cc: '1', phone_number: '5550001111', cert: CERT };

async function health(bench: Bench) {
  return (await bench.device.call('GET', '/v1/health')).json['health'];
}

describe('registration', () => {
  it('answers 201 and sends no code when the number is registered', async () => {
    await onBench({}, async (bench) => {
      await bench.device.enter();
      const { status, json } = await bench.device.call('POST', '/v1/account', {
        ...ACCOUNT,
        phone_number: '5550001111',
      });

      expect(status).toBe(201);
      expect(json).toEqual({ meta: { api_status: 'stable', version: 'v2.45.1' } });
      expect((await bench.device.call('POST', '/v1/account/verify', { code: '123456' })).status).toBe(400);
    });
  });

  it('takes a new installation from unregistered through a code to connected', async () => {
    await onBench({ numbers: [] }, async (bench) => {
      const { device } = bench;
      await device.enter('admin', PASSWORD);
      expect(await health(bench)).toEqual({ gateway_status: 'unregistered' });

      expect(await device.call('POST', '/v1/account', ACCOUNT)).toMatchObject({
        status: 202,
        json: { account: [{ vname: 'Example Bakery' }] },
      });
      expect(await device.call('POST', '/v1/account/verify', { code: '000000' })).toMatchObject({
        status: 400,
        json: { errors: [{ code: 1005 }] },
      });
      expect((await device.call('POST', '/v1/account/verify', { code: '123456' })).status).toBe(201);
      expect(await health(bench)).toEqual({ gateway_status: 'connecting' });
      await bench.advance(500);
      expect(await health(bench)).toEqual({ gateway_status: 'connected' });
      expect((await bench.control('GET', '/devices/15559990000')).json).toMatchObject({ state: 'connected' });
    });
  });

  it('takes a number away from the installation that had it', async () => {
    await onBench({}, async (bench) => {
      await bench.control('POST', '/devices', { number: '15559990000', registered: false, password: PASSWORD });
      const device = bench.deviceClient('15559990000');
      await device.enter();
      await device.call('POST', '/v1/account', { ...ACCOUNT, phone_number: '5550001111' });
      await device.call('POST', '/v1/account/verify', { code: '123456' });

      expect((await bench.control('GET', '/devices')).json['devices']).toMatchObject([
        { number: null, state: 'unregistered' },
        { number: '15550002222', state: 'connected' },
        { number: DEVICE, state: 'connecting' },
      ]);
    });
  });

  it.each([
    ['no certificate', { cert: undefined }, 400, 1008],
    ['an unreadable certificate', { cert: '§§§' }, 403, 1005],
    ['an unknown method', { method: 'pigeon' }, 400, 1009],
    ['a number with a plus', { phone_number: '+5559990000' }, 400, 1009],
  ])('refuses %s', async (_, change, expected, code) => {
    await onBench({ numbers: [] }, async (bench) => {
      await bench.device.enter();
      const { status, json } = await bench.device.call('POST', '/v1/account', { ...ACCOUNT, ...change });

      expect(status).toBe(expected);
      expect(json).toMatchObject({ errors: [{ code }] });
    });
  });

  it('asks for the two-step PIN once one is set', async () => {
    await onBench({ numbers: [] }, async (bench) => {
      const { device } = bench;
      await device.enter();
      const twoStep = '/v1/settings/account/two-step';
      expect((await device.call('POST', twoStep, { pin: '12345' })).status).toBe(400);
      expect((await device.call('POST', twoStep, { pin: '654321' })).status).toBe(200);

      expect((await device.call('POST', '/v1/account', ACCOUNT)).json).toMatchObject({ errors: [{ code: 1005 }] });
      expect((await device.call('POST', '/v1/account', { ...ACCOUNT, pin: '654321' })).status).toBe(202);
      expect((await device.call('DELETE', twoStep)).status).toBe(200);
      expect((await device.call('POST', '/v1/account', ACCOUNT)).status).toBe(202);
    });
  });
});

describe('shards', () => {
  it.each([
    ['8, when there are enough coreapps', { shards: 8 }, 201, undefined],
    ['8 in a string', { shards: '8' }, 201, undefined],
    ['3, which is not in the list', { shards: 3 }, 400, 1009],
    ['64, which is not in the list', { shards: 64 }, 400, 1009],
    ['32, with fewer coreapps', { shards: 32 }, 400, 1009],
    ['no certificate', { shards: 8, cert: undefined }, 400, 1008],
    ['another number', { shards: 8, phone_number: '5550009999' }, 403, 1005],
  ])('takes or refuses %s', async (_, change, expected, code) => {
    await onBench({ mode: 'multiconnect', coreapps: 17 }, async (bench) => {
      await bench.device.enter();
      const { status, json } = await bench.device.call('POST', '/v1/account/shards', { ...SHARDS, ...change });

      expect(status).toBe(expected);
      if (code !== undefined) expect(json).toMatchObject({ errors: [{ code }] });
      const shown = (await bench.device.call('GET', '/v1/account/shards')).json;
      expect(shown).toMatchObject({ account: { shards: expected === 201 ? 8 : 1 } });
    });
  });

  it('needs no certificate before v2.45', async () => {
    await onBench({ version: 'v2.43.1', mode: 'multiconnect' }, async (bench) => {
      await bench.device.enter();
      const { cc, phone_number } = SHARDS;

      expect((await bench.device.call('POST', '/v1/account/shards', { cc, phone_number, shards: 4 })).status).toBe(201);
    });
  });

  it('answers 403 while WhatsApp cannot be reached', async () => {
    await onBench({ mode: 'multiconnect' }, async (bench) => {
      await bench.device.enter();
      await bench.control('PATCH', '/devices/first', { state: 'disconnected' });

      expect((await bench.device.call('POST', '/v1/account/shards', { ...SHARDS, shards: 8 })).status).toBe(403);
    });
  });

  it('logs the number off when it was registered more than a week ago', async () => {
    await onBench({ mode: 'multiconnect' }, async (bench) => {
      await bench.advance(7 * DAY + 1);
      await bench.device.enter();

      expect((await bench.device.call('POST', '/v1/account/shards', { ...SHARDS, shards: 8 })).status).toBe(201);
      expect((await bench.control('GET', '/devices/first')).json).toMatchObject({ state: 'unregistered' });
    });
  });
});

describe('the states of an installation', () => {
  const send = { method: 'POST', path: '/v1/messages', body: { to: CONTACT, text: { body: 'x' } } };
  const settings = { method: 'GET', path: '/v1/settings/application', body: undefined };
  const getHealth = { method: 'GET', path: '/v1/health', body: undefined };
  const account = { method: 'POST', path: '/v1/account', body: ACCOUNT };

  it.each([
    ['core_down', send, 500, 1014],
    ['core_down', settings, 500, 1014],
    ['core_down', getHealth, 500, 1014],
    ['uninitialized', send, 503, 1011],
    ['uninitialized', account, 503, 1011],
    ['unregistered', send, 503, 1011],
    ['expired', send, 403, 1005],
    ['locked', send, 403, 1031],
    ['db_down', send, 500, 1023],
  ])('%s refuses a call', async (state, { method, path, body }, expected, code) => {
    await onBench({}, async (bench) => {
      await bench.connect();
      await bench.control('PATCH', '/devices/first', { state });
      const { status, json } = await bench.device.call(method, path, body);

      expect(status).toBe(expected);
      expect(json).toMatchObject({ errors: [{ code }] });
    });
  });

  it.each(['uninitialized', 'unregistered', 'core_down'])('%s still lets a user log in', async (state) => {
    await onBench({}, async (bench) => {
      await bench.control('PATCH', '/devices/first', { state });

      expect((await bench.device.login('admin', PASSWORD)).status).toBe(200);
    });
  });

  it('booting refuses connections', async () => {
    await onBench({}, async (bench) => {
      await bench.control('PATCH', '/devices/first', { state: 'booting' });

      await expect(fetch(`${bench.simulator.url}/`)).rejects.toThrow('fetch failed');
    });
  });

  it('disconnected accepts messages, which leave when the connection is back', async () => {
    await onBench({}, async (bench) => {
      await bench.connect();
      await bench.control('PATCH', '/devices/first', { state: 'disconnected' });
      await bench.device.sendText('one');
      await bench.device.sendText('two');
      await bench.advance(60_000);
      expect(bench.receiver.statuses).toEqual([]);

      await bench.control('PATCH', '/devices/first', { state: 'connected' });
      await bench.advance(1000);
      expect((await bench.phone()).map(({ text }) => text)).toEqual(['Hi', 'one', 'two']);
    });
  });

  it('gives up a message that waited for more than a day', async () => {
    await onBench({}, async (bench) => {
      await bench.connect();
      await bench.control('PATCH', '/devices/first', { state: 'disconnected' });
      await bench.device.sendText();
      await bench.advance(DAY + 1000);
      await bench.control('PATCH', '/devices/first', { state: 'connected' });
      await bench.advance(0);

      expect(bench.receiver.statuses).toMatchObject([{ status: 'failed', errors: [{ code: 408 }] }]);
    });
  });

  it('keeps what contacts write while the device is disconnected', async () => {
    await onBench({}, async (bench) => {
      await bench.connect();
      await bench.control('PATCH', '/devices/first', { state: 'disconnected' });
      await bench.write({ text: 'Are you there?' });
      expect(bench.receiver.messages).toEqual([]);

      await bench.control('POST', '/devices/first/restart');
      await bench.advance(500);
      expect(bench.receiver.messages).toMatchObject([{ text: { body: 'Are you there?' } }]);
    });
  });
});
