import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { TryAgain } from '../../../lambdas/senders/registration/errors.ts';
import { type Script, startProvider } from '../../support/provider.ts';
import { expectRefusal, failure, pathsOf, startBench } from './support.ts';

/*
 * The steps that only a Cloud number has, against a Graph API that says what each case needs.
 */

const bench = await startBench();
const meta = await startProvider();
const graphUrl = `${meta.url}/v25.0`;
afterAll(() => Promise.all([bench.stop(), meta.stop()]));
beforeEach(() => {
  meta.requests.length = 0;
});

const OK: Script = { body: { success: true } };
const refused = (code: number, details = 'Details.'): Script => ({
  status: 400,
  body: { error: { code, message: 'Message', error_data: { details } } },
});

const cloud = (changes: Partial<Parameters<typeof bench.number>[0]> = {}) =>
  bench.number({ workflow: 'cloud', fields: { graphUrl }, secret: { secrets: { appSecret: 's' } }, ...changes });

describe('RegisterNumber', () => {
  const registering = async (pin?: string) => {
    const number = await cloud(pin === undefined ? {} : { secret: { pin, secrets: { appSecret: 's' } } });
    await number.change({ phoneNumberId: '6' });
    return number;
  };
  const state = (status: string, platform_type: string): Script => ({ body: { id: '6', status, platform_type } });

  it.each([['123456'], [undefined]])('registers with the PIN %s, or with one that is stored before', async (pin) => {
    const number = await registering(pin);
    meta.script(state('PENDING', 'NOT_APPLICABLE'), OK);
    await number.run('RegisterNumber');
    const { secret, record } = await number.kept();
    const stored = pin === undefined ? secret?.secrets['generatedPin'] : secret?.pin;
    expect(JSON.parse(meta.requests[1]?.body ?? '')).toEqual({ messaging_product: 'whatsapp', pin: stored });
    expect(stored).toMatch(pin ?? /^\d{6}$/);
    expect(record?.registeredAt).toBeDefined();
  });

  it('puts a PIN in force that it made up, where the number has one that nobody knows any more', async () => {
    const number = await registering();
    meta.script(state('PENDING', 'NOT_APPLICABLE'), refused(133005), OK);
    await number.run('RegisterNumber');
    const pin = (await number.kept()).secret?.secrets['generatedPin'];
    expect(pathsOf(meta).slice(1)).toEqual(['POST /v25.0/6/register', 'POST /v25.0/6', 'POST /v25.0/6/register']);
    expect(JSON.parse(meta.requests[2]?.body ?? '')).toEqual({ pin });
  });

  it('leaves a registered number alone, since Meta counts registrations', async () => {
    const number = await registering();
    meta.script(state('CONNECTED', 'CLOUD_API'));
    await number.run('RegisterNumber');
    expect(pathsOf(meta)).toEqual(['GET /v25.0/6']);
    expect((await number.kept()).record?.registeredAt).toBeUndefined();
  });

  it('moves a number over that is connected elsewhere', async () => {
    const number = await registering('123456');
    meta.script(state('CONNECTED', 'ON_PREMISE'), OK);
    await number.run('RegisterNumber');
    expect(pathsOf(meta)).toEqual(['GET /v25.0/6', 'POST /v25.0/6/register']);
  });

  it('completes a deregistration of before, and is then worth repeating', async () => {
    const number = await registering('123456');
    meta.script(state('PENDING', 'NOT_APPLICABLE'), refused(133000), OK);
    expect(await failure(number.run('RegisterNumber'))).toBeInstanceOf(TryAgain);
    expect(pathsOf(meta).at(-1)).toBe('POST /v25.0/6/deregister');
  });

  it.each([
    [133005, /PIN is wrong.*configuration\.pin/],
    [133016, /72 hours.*three days/],
    [133006, /not verified/],
  ])('refuses with what Meta’s code %d asks for', async (code, says) => {
    const number = await registering('123456');
    meta.script(state('PENDING', 'NOT_APPLICABLE'), refused(code));
    await expectRefusal(number.run('RegisterNumber'), says);
  });
});

describe('SubscribeApp', () => {
  it('sends what the channel’s spec says, with the webhook and what Meta shows there', async () => {
    const number = await cloud();
    await number.change({ phoneNumberId: '6' });
    meta.script(OK);
    await number.run('SubscribeApp');
    const { secret } = await number.kept();
    const webhook = {
      override_callback_uri: expect.stringMatching(
        new RegExp(`/webhooks/whatsapp-cloud/AC0+/${number.sid}/webhook-secret$`),
      ),
      verify_token: secret?.secrets['verifyToken'],
    };
    expect(pathsOf(meta)).toEqual(['POST /v25.0/1000000001/subscribed_apps', 'POST /v25.0/6']);
    expect(JSON.parse(meta.requests[0]?.body ?? '')).toEqual(webhook);
    expect(JSON.parse(meta.requests[1]?.body ?? '')).toEqual({ webhook_configuration: webhook });
  });

  it('is worth repeating when Meta had no answer from the webhook, and is final otherwise', async () => {
    const number = await cloud();
    await number.change({ phoneNumberId: '6' });
    meta.script(refused(100, 'The callback URL did not echo the challenge'));
    expect(await failure(number.run('SubscribeApp'))).toBeInstanceOf(TryAgain);
    meta.script(refused(200));
    await expectRefusal(number.run('SubscribeApp'), /may not do this/);
  });

  it('takes a new token of a second registration for the old one', async () => {
    const number = await cloud({ secret: { secrets: { appSecret: 's', token: 'old', accessToken: 'new' } } });
    await number.change({ phoneNumberId: '6' });
    meta.script(OK);
    await number.run('SubscribeApp');
    expect((await number.kept()).secret?.secrets).toMatchObject({ token: 'new', appSecret: 's' });
    expect(meta.requests.map(({ headers }) => headers['authorization'])).toEqual(['Bearer new', 'Bearer new']);
  });
});
