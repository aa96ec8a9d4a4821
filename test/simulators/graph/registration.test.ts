import { describe, expect, it } from 'vitest';
import { startGraph, WABA } from './graph.ts';

const errorOf = (json: Record<string, unknown>) => json['error'] as { code: number; error_data: { details: string } };

describe('a Cloud API number', () => {
  it('is added, verified with the code that its phone gets, registered and subscribed', async () => {
    const simulator = await startGraph();
    const { graph } = simulator;
    const id = await simulator.addNumber();
    expect((await graph('POST', `/${id}/register`, { messaging_product: 'whatsapp', pin: '123456' })).status).toBe(400);
    expect(await graph('POST', `/${id}/request_code`, { code_method: 'SMS', language: 'en_US' })).toMatchObject({
      status: 200,
      json: { success: true },
    });
    const digits = await simulator.code();
    expect((await graph('POST', `/${id}/verify_code`, { code: digits })).status).toBe(200);
    expect((await graph('POST', `/${id}/register`, { messaging_product: 'whatsapp', pin: '123456' })).status).toBe(200);
    const { json } = await graph('GET', `/${id}?fields=status,platform_type,code_verification_status`);
    expect(json).toEqual({
      id,
      status: 'CONNECTED',
      platform_type: 'CLOUD_API',
      code_verification_status: 'VERIFIED',
    });
  });

  it('shows a code in a text message with a hyphen, in a call without', async () => {
    const simulator = await startGraph();
    const id = await simulator.addNumber();
    for (const method of ['SMS', 'VOICE']) {
      await simulator.graph('POST', `/${id}/request_code`, { code_method: method, language: 'en_US' });
    }
    const { json } = await simulator.control('GET', '/numbers/15550002222/codes');
    const [sms, voice] = json['codes'] as { text: string; method: string }[];
    expect(sms).toMatchObject({ method: 'SMS', text: expect.stringMatching(/^\d{3}-\d{3}$/) });
    expect(voice).toMatchObject({ method: 'VOICE', text: expect.stringMatching(/^\d{6}$/) });
  });

  it.each([
    ['a wrong code', async () => '000000', 136025, 'The code is wrong.'],
    ['a code of five digits', async () => '00000', 100, 'code must be six digits.'],
  ])('refuses %s', async (_, code, expected, details) => {
    const simulator = await startGraph();
    const id = await simulator.addNumber();
    await simulator.graph('POST', `/${id}/request_code`, { code_method: 'SMS', language: 'en_US' });
    // One in a million codes is 000000.
    const real = await simulator.code();
    const given = real === '000000' ? '000001' : await code();
    const { status, json } = await simulator.graph('POST', `/${id}/verify_code`, { code: given });
    expect(status).toBe(400);
    expect(errorOf(json)).toMatchObject({ code: expected, error_data: { details } });
  });

  it('refuses a code that is older than ten minutes, and one that was used', async () => {
    const simulator = await startGraph();
    const id = await simulator.addNumber();
    await simulator.graph('POST', `/${id}/request_code`, { code_method: 'SMS', language: 'en_US' });
    await simulator.control('POST', '/clock', { advanceMs: 600_001 });
    const late = await simulator.graph('POST', `/${id}/verify_code`, { code: await simulator.code() });
    expect(errorOf(late.json).error_data.details).toBe('The code has expired. Request a new one.');
    const again = await simulator.graph('POST', `/${id}/verify_code`, { code: await simulator.code() });
    expect(errorOf(again.json).error_data.details).toBe('No code has been requested.');
  });

  it('keeps its PIN, and counts its registrations', async () => {
    const simulator = await startGraph();
    const id = await simulator.addNumber();
    await simulator.graph('POST', `/${id}/request_code`, { code_method: 'SMS', language: 'en_US' });
    await simulator.graph('POST', `/${id}/verify_code`, { code: await simulator.code() });
    const register = (pin: string) =>
      simulator.graph('POST', `/${id}/register`, { messaging_product: 'whatsapp', pin });
    expect((await register('123456')).status).toBe(200);
    expect(errorOf((await register('654321')).json).code).toBe(133005);
    for (let count = 1; count < 10; count += 1) expect((await register('123456')).status).toBe(200);
    expect(errorOf((await register('123456')).json).code).toBe(133016);
    await simulator.control('POST', '/clock', { advanceMs: 72 * 3_600_000 });
    expect((await register('123456')).status).toBe(200);
  });
});

describe('the review of a display name', () => {
  it.each([
    ['Shop', 'APPROVED', true],
    ['Forbidden', 'DECLINED', false],
  ])('of %s ends %s, after the delay', async (name, status, hasCertificate) => {
    const simulator = await startGraph({ approvalDelayMs: 60_000 });
    await simulator.control('POST', '/declined-names', { name: 'Forbidden' });
    const id = await simulator.addNumber('15550002222', name);
    const fields = async () => (await simulator.graph('GET', `/${id}?fields=name_status,certificate`)).json;
    expect(await fields()).toEqual({ id, name_status: 'PENDING_REVIEW' });
    await simulator.control('POST', '/clock', { advanceMs: 60_000 });
    const decided = await fields();
    expect(decided['name_status']).toBe(status);
    expect('certificate' in decided).toBe(hasCertificate);
  });
});

describe('templates', () => {
  const template = {
    name: 'order_ready',
    language: 'en_US',
    category: 'UTILITY',
    components: [{ type: 'BODY', text: 'Hi' }],
  };

  it('are submitted, reviewed and listed', async () => {
    const simulator = await startGraph({ approvalDelayMs: 1_000 });
    const submitted = await simulator.graph('POST', `/${WABA}/message_templates`, template);
    expect(submitted).toMatchObject({ status: 200, json: { status: 'PENDING', category: 'UTILITY' } });
    await simulator.control('POST', '/clock', { advanceMs: 1_000 });
    const { json } = await simulator.graph('GET', `/${WABA}/message_templates?name=order_ready`);
    expect(json['data']).toMatchObject([{ name: 'order_ready', status: 'APPROVED' }]);
  });

  it.each([
    ['a name with capitals', { name: 'Order' }, 'A name has a to z, 0 to 9 and underscores.'],
    ['no components', { components: [] }, 'components is required.'],
    ['no language', { language: '' }, 'The parameter language is required.'],
  ])('are refused with %s', async (_, change, details) => {
    const simulator = await startGraph();
    const { status, json } = await simulator.graph('POST', `/${WABA}/message_templates`, { ...template, ...change });
    expect(status).toBe(400);
    expect(errorOf(json)).toMatchObject({ code: 100, error_data: { details } });
  });
});
