import { describe, expect, it } from 'vitest';
import { type Bench, onBench } from './bench.ts';

const INPUTS = ['+1 631 555 1001', '16315551002', 'no number'];
const WITHOUT = '16315551002';

async function check(bench: Bench, blocking?: string, more = {}) {
  const body = { contacts: INPUTS, ...(blocking === undefined ? {} : { blocking }), ...more };
  return (await bench.device.call('POST', '/v1/contacts', body)).json['contacts'];
}

describe('checking contacts before v2.43', () => {
  const resolved = [
    { input: '+1 631 555 1001', status: 'valid', wa_id: '16315551001' },
    { input: '16315551002', status: 'invalid' },
    { input: 'no number', status: 'invalid' },
  ];

  it('tells at once when asked to wait, in order and as written', async () => {
    await onBench({ version: 'v2.41.3' }, async (bench) => {
      await bench.connect();
      await bench.control('PATCH', `/contacts/${WITHOUT}`, { onWhatsApp: false });

      expect(await check(bench, 'wait')).toEqual(resolved);
    });
  });

  it('says processing without waiting, and tells when asked again later', async () => {
    await onBench({ version: 'v2.41.3' }, async (bench) => {
      await bench.connect();
      await bench.control('PATCH', `/contacts/${WITHOUT}`, { onWhatsApp: false });
      const first = await check(bench);
      await bench.advance(1000);

      expect(first).toMatchObject([{ status: 'processing' }, { status: 'processing' }, { status: 'invalid' }]);
      expect(await check(bench)).toEqual(resolved);
    });
  });

  it('remembers for seven days, unless forced to look again', async () => {
    await onBench({ version: 'v2.41.3' }, async (bench) => {
      await bench.connect();
      await check(bench, 'wait');
      await bench.control('PATCH', `/contacts/${WITHOUT}`, { onWhatsApp: false });

      expect(await check(bench, 'wait')).toMatchObject([{}, { status: 'valid' }, {}]);
      expect(await check(bench, 'wait', { force_check: true })).toMatchObject([{}, { status: 'invalid' }, {}]);
    });
  });

  it('allows sends before v2.39.1 only to contacts found valid', async () => {
    await onBench({ version: 'v2.37.2' }, async (bench) => {
      await bench.connect();
      const send = () => bench.device.call('POST', '/v1/messages', { to: '16315551001', text: { body: 'x' } });

      expect((await send()).status).toBe(404);
      await check(bench, 'wait');
      expect((await send()).status).toBe(201);
    });
  });
});

it('from v2.43 on every contact is valid', async () => {
  await onBench({ version: 'v2.43.1' }, async (bench) => {
    await bench.connect();
    await bench.control('PATCH', `/contacts/${WITHOUT}`, { onWhatsApp: false });

    expect(await check(bench)).toMatchObject([
      { status: 'valid', wa_id: '16315551001' },
      { status: 'valid', wa_id: '16315551002' },
      { status: 'valid' },
    ]);
  });
});

it('an identity is an object, with milliseconds', async () => {
  await onBench({}, async (bench) => {
    await bench.connect();
    const path = '/v1/contacts/16315551001/identity';
    const { json } = await bench.device.call('GET', path);
    const identity = json['contacts'] as { created_timestamp: number; hash: string };

    expect(identity).toMatchObject({ acknowledged: true, hash: expect.any(String) });
    expect(Math.abs(identity.created_timestamp - (await bench.now()))).toBeLessThan(60_000);
    expect((await bench.device.call('PUT', path, { hash: identity.hash })).status).toBe(200);
    expect((await bench.device.call('PUT', path, { hash: 'other' })).status).toBe(400);
  });
});
