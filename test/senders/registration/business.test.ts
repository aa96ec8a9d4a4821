import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { TryAgain } from '../../../lambdas/senders/registration/errors.ts';
import { type Script, startProvider } from '../../support/provider.ts';
import { expectRefusal, failure, pathsOf, startBench, type TestNumber } from './support.ts';

/*
 * The steps that begin a registration at Meta, against a Graph API that says what each case needs.
 */

const bench = await startBench();
const meta = await startProvider();
const graphUrl = `${meta.url}/v25.0`;
afterAll(() => Promise.all([bench.stop(), meta.stop()]));
beforeEach(() => {
  meta.requests.length = 0;
});

const DAY_MS = 86_400_000;
const SCOPES = ['whatsapp_business_management', 'whatsapp_business_messaging'];
const NO_ACCOUNT: Script = { status: 400, body: { error: { code: 100, error_subcode: 33, message: 'No object' } } };
const refused = (code: number, details = 'Details.'): Script => ({
  status: 400,
  body: { error: { code, message: 'Message', error_data: { details } } },
});
const token = (changes: Record<string, unknown> = {}): Script => ({
  body: { data: { app_id: '2', is_valid: true, expires_at: 0, scopes: SCOPES, ...changes } },
});

const device = (changes: Partial<Parameters<typeof bench.number>[0]> = {}) =>
  bench.number({ workflow: 'device', fields: { graphUrl }, ...changes });
const cloud = (changes: Partial<Parameters<typeof bench.number>[0]> = {}) =>
  bench.number({ workflow: 'cloud', fields: { graphUrl }, secret: { secrets: { appSecret: 's' } }, ...changes });

describe('CheckBusinessAccess', () => {
  it('asks about the token, then for the account', async () => {
    meta.script(token({ expires_at: Math.floor((bench.clock.now + 60 * DAY_MS) / 1000) }), {
      body: { id: '1000000001' },
    });
    expect(await (await device()).run('CheckBusinessAccess')).toEqual({ outcome: 'done' });
    expect(pathsOf(meta)).toEqual(['GET /v25.0/debug_token', 'GET /v25.0/1000000001']);
  });

  const inDays = (days: number) => Math.floor((bench.clock.now + days * DAY_MS) / 1000);
  it.each<[what: string, scripts: Script[], says: RegExp]>([
    [
      'a token that Meta does not take',
      [token({ is_valid: false, scopes: [] })],
      /not valid.*configuration\.accessToken/,
    ],
    [
      'a token that ends too soon',
      [token({ expires_at: inDays(1) })],
      /expires at 20\d\d-.*configuration\.accessToken/,
    ],
    [
      'a token without the permission to manage',
      [token({ scopes: [] })],
      /lacks the permission whatsapp_business_management\b/,
    ],
    [
      'an account that the token does not reach',
      [token(), NO_ACCOUNT],
      /no WhatsApp Business Account 1000000001.*wabaId/,
    ],
    ['a token that was revoked meanwhile', [token(), refused(190)], /revoked/],
  ])('refuses %s', async (_, scripts, says) => {
    meta.script(...scripts);
    await expectRefusal((await device()).run('CheckBusinessAccess'), says);
  });

  it('wants a token that can send for a Cloud number only', async () => {
    const scripts = [token({ scopes: ['whatsapp_business_management'] }), { body: { id: '1' } }];
    meta.script(...scripts);
    expect(await (await device()).run('CheckBusinessAccess')).toEqual({ outcome: 'done' });
    meta.script(...scripts);
    await expectRefusal(
      (await cloud()).run('CheckBusinessAccess'),
      /lacks the permission whatsapp_business_messaging\b/,
    );
  });

  it.each<[what: string, number: () => Promise<TestNumber>, says: RegExp]>([
    ['a URL without version', () => device({ fields: { graphUrl: meta.url } }), /graphUrl/],
    ['no account', () => device({ fields: { graphUrl, wabaId: '' } }), /wabaId/],
    ['no token', () => device({ secret: { secrets: { accessToken: undefined as never } } }), /accessToken/],
  ])('refuses %s without a call', async (_, number, says) => {
    await expectRefusal((await number()).run('CheckBusinessAccess'), says);
    expect(pathsOf(meta)).toEqual([]);
  });

  it.each([
    ['cloud', 'younger', cloud],
    ['device', 'given', device],
  ] as const)('asks with the newest token of Meta: that of a %s number is %s', async (_, expected, make) => {
    const session = { token: 'younger', expiresAt: new Date(bench.clock.now + 50 * DAY_MS).toISOString() };
    const number = await make({ secret: { secrets: { accessToken: 'given', appSecret: 's' }, session } });
    meta.script(token(), { body: { id: '1000000001' } });
    await number.run('CheckBusinessAccess');
    expect(meta.requests.map(({ headers }) => headers['authorization'])).toEqual(Array(2).fill(`Bearer ${expected}`));
  });

  it('is worth repeating when Meta is not reached', async () => {
    meta.script('hang up');
    expect(await failure((await device()).run('CheckBusinessAccess'))).toBeInstanceOf(TryAgain);
  });
});

describe('AddPhoneNumber', () => {
  const listed = (number: TestNumber) => {
    const digits = `+${number.address.slice(0, 1)} ${number.address.slice(1, 4)}-${number.address.slice(4)}`;
    return {
      body: {
        data: [
          { id: '5', display_phone_number: '+1 1' },
          { id: '6', display_phone_number: digits },
        ],
      },
    };
  };

  it('uses a number that is there, which is then not the gateway’s own', async () => {
    const number = await device();
    meta.script(listed(number));
    await number.run('AddPhoneNumber');
    expect((await number.kept()).record).toMatchObject({ phoneNumberId: '6', addedPhoneNumber: false });
    expect(pathsOf(meta)).toEqual(['GET /v25.0/1000000001/phone_numbers']);
  });

  it('adds a number that is not, with country code, number and display name', async () => {
    const number = await device();
    meta.script({ body: { data: [] } }, { body: { id: '77' } });
    await number.run('AddPhoneNumber');
    expect((await number.kept()).record).toMatchObject({ phoneNumberId: '77', addedPhoneNumber: true });
    expect(JSON.parse(meta.requests[1]?.body ?? '')).toEqual({
      cc: '1',
      phone_number: number.address.slice(1),
      verified_name: 'Shop',
    });
  });

  it('knows as its own what a run added that then got no answer', async () => {
    const number = await device();
    meta.script({ body: { data: [] } }, 'hang up');
    expect(await failure(number.run('AddPhoneNumber'))).toBeInstanceOf(TryAgain);
    meta.script(listed(number));
    await number.run('AddPhoneNumber');
    expect((await number.kept()).record).toMatchObject({ phoneNumberId: '6', addedPhoneNumber: true });
  });

  it('refuses a number without display name, and one of another account in Meta’s words', async () => {
    const nameless = await device();
    await nameless.changeSender({ profileName: undefined });
    meta.script({ body: { data: [] } });
    await expectRefusal(nameless.run('AddPhoneNumber'), /display name.*profile\.name/);
    meta.script({ body: { data: [] } }, refused(100, 'It is in use by another account.'));
    await expectRefusal((await device()).run('AddPhoneNumber'), /refused to add the number.*in use by another account/);
  });
});

describe('SubmitTemplates', () => {
  const ready = {
    name: 'order_ready',
    language: 'en_US',
    category: 'UTILITY',
    components: [{ type: 'BODY', text: 'Hi' }],
  };
  const late = { ...ready, name: 'order_late', language: 'de' };
  const listed = (status: string) => ({ body: { data: [{ ...late, id: '1', status }] } });

  it('submits those that the account lacks, once, and records all with Meta’s approval', async () => {
    const number = await device({ fields: { graphUrl, templates: JSON.stringify([ready, late]) } });
    const both = [late, ready].map((template, index) => ({ ...template, id: String(index), status: 'PENDING' }));
    meta.script(listed('APPROVED'), { body: { id: '2', status: 'PENDING' } }, { body: { data: both } });
    expect(await number.run('SubmitTemplates')).toEqual({ outcome: 'done' });
    const posted = meta.requests.filter(({ method }) => method === 'POST').map(({ body }) => JSON.parse(body));
    expect(posted).toEqual([ready]);
    const { record, sender } = await number.kept();
    expect(record).toMatchObject({ templates: [{ name: 'order_late' }, { name: 'order_ready', status: 'PENDING' }] });
    expect(sender?.fields).not.toHaveProperty('templates');
  });

  it('passes on what Meta says of one that it does not take', async () => {
    const number = await device({ fields: { graphUrl, templates: JSON.stringify([ready]) } });
    meta.script(listed('APPROVED'), refused(100, 'The body has no example.'));
    await expectRefusal(number.run('SubmitTemplates'), /submit the template order_ready.*no example/);
  });

  it('records the account’s templates with Meta’s approval', async () => {
    const templates = [
      { name: 'order_ready', language: 'en_US', status: 'APPROVED' },
      { name: 'order_late', language: 'de', status: 'PENDING' },
    ];
    const number = await device();
    meta.script({ body: { data: templates.map((template) => ({ ...template, id: '1', category: 'UTILITY' })) } });
    expect(await number.run('SubmitTemplates')).toEqual({ outcome: 'done' });
    expect((await number.kept()).record).toMatchObject({ templates });
  });
});
