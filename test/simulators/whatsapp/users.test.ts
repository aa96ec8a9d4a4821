import { describe, expect, it } from 'vitest';
import { CONTACT, DEVICE, onBench, PASSWORD, textAt } from './bench.ts';

const DAY = 24 * 3600 * 1000;
const ACCESS_DENIED = { errors: [{ code: 1005, title: 'Access denied', details: 'Invalid credentials.' }] };
const NEW = { number: '15559990000', registered: false };

describe('the first login', () => {
  it('fails without a new password, and refuses the default one afterwards', async () => {
    await onBench({}, async (bench) => {
      await bench.control('POST', '/devices', NEW);
      const device = bench.deviceClient(NEW.number);

      expect((await device.login('admin', 'secret')).json).toMatchObject({ errors: [{ code: 1024 }] });
      expect((await device.login('admin', 'secret', { new_password: PASSWORD })).status).toBe(200);
      expect((await device.login('admin', 'secret')).json).toMatchObject(ACCESS_DENIED);
      expect((await device.login('admin', PASSWORD)).status).toBe(200);
    });
  });

  it.each([
    ['is too short', 'Ab1!'],
    ['is too long', `Ab1!${'x'.repeat(61)}`],
    ['has no digit', 'Abcdefg!'],
    ['has no upper-case letter', 'abcdef1!'],
    ['has no lower-case letter', 'ABCDEF1!'],
    ['has no special character', 'Abcdefg1'],
  ])('refuses a password that %s', async (_, password) => {
    await onBench({}, async (bench) => {
      await bench.control('POST', '/devices', NEW);
      const { status, json } = await bench
        .deviceClient(NEW.number)
        .login('admin', 'secret', { new_password: password });

      expect(status).toBe(400);
      expect(json).toMatchObject({ errors: [{ code: 1009, title: 'Parameter value is not valid' }] });
    });
  });
});

describe('a token', () => {
  it('lives for seven days, told with a space and an offset', async () => {
    await onBench({}, async (bench) => {
      const { json } = await bench.device.login('admin', PASSWORD);
      const expires = textAt(json, 'users.0.expires_after');

      expect(expires).toMatch(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\+00:00$/);
      const life = Date.parse(expires.replace(' ', 'T')) - (await bench.now());
      expect(Math.round(life / DAY)).toBe(7);
    });
  });

  it('is refused once it has expired', async () => {
    await onBench({}, async (bench) => {
      await bench.device.enter();
      await bench.advance(7 * DAY - 1);
      expect((await bench.device.call('GET', '/v1/health')).status).toBe(200);

      await bench.advance(1);
      const { status, json } = await bench.device.call('GET', '/v1/health');
      expect(status).toBe(401);
      expect(json).toMatchObject(ACCESS_DENIED);
    });
  });

  it('lives beside later ones, and logging out drops only itself', async () => {
    await onBench({}, async (bench) => {
      const [first, second] = [bench.deviceClient(DEVICE), bench.deviceClient(DEVICE)];
      await first.enter();
      await second.enter();
      expect(first.token).not.toBe(second.token);

      expect((await first.call('POST', '/v1/users/logout')).status).toBe(200);
      expect((await first.call('GET', '/v1/health')).status).toBe(401);
      expect((await first.call('POST', '/v1/users/logout')).status).toBe(401);
      expect((await second.call('GET', '/v1/health')).status).toBe(200);
    });
  });

  it('belongs to one device', async () => {
    await onBench({}, async (bench) => {
      await bench.device.enter();
      const other = bench.deviceClient('15550002222');
      other.token = bench.device.token;

      expect((await other.call('GET', '/v1/health')).status).toBe(401);
    });
  });

  it.each([
    ['is absent', {}],
    ['is unknown', { authorization: 'Bearer abc' }],
    ['comes as Basic', { authorization: 'Basic YWRtaW46U2FuZGJveC0xMjM0' }],
  ])('is asked for: 401 when it %s', async (_, headers) => {
    await onBench({}, async (bench) => {
      const response = await fetch(`${bench.simulator.url}/v1/health`, { headers });

      expect(response.status).toBe(401);
      expect(await response.json()).toMatchObject({ ...ACCESS_DENIED, meta: { version: 'v2.45.1' } });
    });
  });
});

describe('a login', () => {
  it.each([
    ['a wrong password', 'admin', 'Wrong-1234'],
    ['an unknown user', 'nobody', PASSWORD],
    ['an empty password', 'admin', ''],
  ])('is refused for %s', async (_, username, password) => {
    await onBench({}, async (bench) => {
      const { status, json } = await bench.device.login(username, password);

      expect(status).toBe(401);
      expect(json).toMatchObject(ACCESS_DENIED);
    });
  });
});

describe('a user who is not the admin', () => {
  it('is created, shown, changed and deleted by the admin', async () => {
    await onBench({}, async (bench) => {
      const { device } = bench;
      await device.enter();
      const user = { username: 'anna', password: 'Another-1234' };

      expect(await device.call('POST', '/v1/users', user)).toMatchObject({
        status: 201,
        json: { users: [{ username: 'anna' }] },
      });
      expect((await device.call('POST', '/v1/users', user)).json).toMatchObject({ errors: [{ code: 1014 }] });
      expect((await device.call('GET', '/v1/users/anna')).json).toMatchObject({
        users: [{ username: 'anna', ROLES: 'ROLE_USER' }],
      });
      expect((await device.call('GET', '/v1/users/admin')).json).toMatchObject({ users: [{ ROLES: 'ROLE_ADMIN' }] });
      expect((await device.call('PUT', '/v1/users/anna', { password: 'Changed-1234' })).status).toBe(200);
      expect((await device.login('anna', 'Another-1234')).status).toBe(401);
      expect((await device.login('anna', 'Changed-1234')).status).toBe(200);
      expect((await device.call('DELETE', '/v1/users/anna')).status).toBe(200);
      expect((await device.login('anna', 'Changed-1234')).status).toBe(401);
      expect((await device.call('DELETE', '/v1/users/admin')).status).toBe(403);
      expect((await device.call('GET', '/v1/users/anna')).status).toBe(404);
    });
  });

  it.each([
    ['POST', '/v1/users', { username: 'evil', password: PASSWORD }],
    ['DELETE', '/v1/users/anna', undefined],
    ['PUT', '/v1/users/admin', { password: 'Another-1234' }],
    ['GET', '/v1/settings/application', undefined],
    ['PATCH', '/v1/settings/application', {}],
    ['POST', '/v1/account', {}],
    ['POST', '/v1/account/verify', {}],
    ['POST', '/v1/account/shards', {}],
    ['POST', '/v1/settings/account/two-step', { pin: '123456' }],
    ['POST', '/v1/certificates/webhooks/ca', undefined],
  ])('may not %s %s: 403 with 1005', async (method, path, body) => {
    await onBench({}, async (bench) => {
      await bench.device.enter();
      await bench.device.call('POST', '/v1/users', { username: 'anna', password: 'Another-1234' });
      const anna = bench.deviceClient(DEVICE);
      await anna.enter('anna', 'Another-1234');

      const { status, json } = await anna.call(method, path, body);
      expect(status).toBe(403);
      expect(json).toMatchObject({ errors: [{ code: 1005, title: 'Access denied' }] });
    });
  });

  it('may send, and change their own password', async () => {
    await onBench({}, async (bench) => {
      await bench.connect();
      await bench.device.call('POST', '/v1/users', { username: 'anna', password: 'Another-1234' });
      const anna = bench.deviceClient(DEVICE);
      await anna.enter('anna', 'Another-1234');

      expect(await anna.sendText('Hello', CONTACT)).toMatch(/^gBEG/);
      expect((await anna.call('PUT', '/v1/users/anna', { password: 'Changed-1234' })).status).toBe(200);
    });
  });
});
