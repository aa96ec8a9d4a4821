import { createHmac } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import * as z from 'zod';
import { send } from '../../../lambdas/platform/http.ts';
import { findNumber } from '../../../lambdas/senders/graph/business-account.ts';
import { GraphRefusal } from '../../../lambdas/senders/graph/errors.ts';
import { Graph } from '../../../lambdas/senders/graph/graph.ts';
import { uploadPhoto } from '../../../lambdas/senders/graph/profile.ts';
import { TryAgain } from '../../../lambdas/senders/registration/errors.ts';
import { type Provider, startProvider } from '../../support/provider.ts';

const TOKEN = 'EAA-the-token';
const SECRET = 'the-app-secret';

let meta: Provider;
let graph: Graph;
beforeAll(async () => {
  meta = await startProvider();
  graph = new Graph({ url: `${meta.url}/v25.0`, token: TOKEN, appSecret: SECRET }, (request, { timeoutMs }) =>
    send(request, { addresses: { allowLoopback: true }, timeoutMs }),
  );
});
afterAll(() => meta.stop());
beforeEach(() => {
  meta.requests.length = 0;
});

const call = () => graph.post('123/register', { pin: '123456' }, z.object({}), 'register the number');
const failed = async () => {
  const error = await call().then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!(error instanceof Error)) throw new Error('It was expected to fail.');
  return error;
};

describe('The Graph API', () => {
  it('is called with the token in a header and the proof that goes with it', async () => {
    meta.script({ body: { success: true } });
    await call();
    const [request] = meta.requests;
    const proof = createHmac('sha256', SECRET).update(TOKEN).digest('hex');
    expect(request).toMatchObject({
      method: 'POST',
      path: `/v25.0/123/register?appsecret_proof=${proof}`,
      headers: { authorization: `Bearer ${TOKEN}`, 'content-type': 'application/json' },
      body: '{"pin":"123456"}',
    });
  });

  const error = (code: number, more: Record<string, unknown> = {}) => ({
    body: { error: { message: `(#${code}) Message`, code, error_data: { details: 'Details.' }, ...more } },
  });

  it.each<[what: string, script: Parameters<Provider['script']>[0], says: RegExp, action: RegExp]>([
    [
      'an expired token',
      { status: 401, ...error(190) },
      /access token: it has expired.*code 190.*Details/,
      /new|accessToken/,
    ],
    ['no permission', { status: 403, ...error(200) }, /may not do this/, /full control/],
    [
      'an id of nothing',
      { status: 400, ...error(100, { error_subcode: 33 }) },
      /refused to register the number/,
      /Meta names/,
    ],
    ['a wrong PIN', { status: 400, ...error(133005) }, /two-step PIN is wrong/, /configuration\.pin/],
    [
      'too many calls in three days',
      { status: 400, ...error(133016) },
      /more than ten times in 72 hours/,
      /three days/,
    ],
    ['a number that was just deleted', { status: 400, ...error(133015) }, /deleted only just now/, /five minutes/],
    ['an error inside a success', { status: 200, ...error(131031) }, /locked the account/, /WhatsApp Manager/],
    ['an unknown code', { status: 400, ...error(987654) }, /refused to register the number.*987654/, /Meta names/],
    [
      'words for people before all others',
      { status: 400, ...error(100, { error_user_msg: 'For you.' }) },
      /For you/,
      /./,
    ],
    ['no JSON at all', { status: 404, body: '<html>' }, /HTTP 404/, /./],
  ])('refuses for good: %s', async (_, script, says, action) => {
    meta.script(script);
    const refusal = await failed();
    expect(refusal).toBeInstanceOf(GraphRefusal);
    expect(refusal.name).toBe('RegistrationRefused');
    const [problem = '', what = ''] = refusal.message.split('\n');
    expect(problem).toMatch(says);
    expect(problem).toMatch(/\.$/);
    expect(what).toMatch(action);
  });

  it('says of an object that does not exist what it says of one that was deleted: code 33', async () => {
    meta.script({ status: 400, ...error(100, { error_subcode: 33 }) });
    expect(await failed()).toMatchObject({ code: 33 });
  });

  it.each<[what: string, script: Parameters<Provider['script']>[0]]>([
    ['unavailable', { status: 503, ...error(2) }],
    ['unavailable, inside a 400', { status: 400, ...error(131016) }],
    ['an hour’s calls used up', { status: 400, ...error(80007) }],
    ['any 429', { status: 429, ...error(100) }],
    ['Meta says itself that it passes', { status: 400, ...error(987654, { is_transient: true }) }],
    ['a broken gateway', { status: 502, body: 'Bad gateway' }],
    ['an answer that is none', { status: 200, body: 'OK' }],
    ['a connection that breaks', 'hang up'],
  ])('can be asked again: %s', async (_, script) => {
    meta.script(script);
    expect(await failed()).toBeInstanceOf(TryAgain);
  });

  it('never shows the token, the app secret, or a whole phone number', async () => {
    const told = `Token ${TOKEN} with ${SECRET} is not for +1 (555) 010-0200 or 15550100200.`;
    meta.script({ status: 400, ...error(100, { error_user_msg: told }) });
    const { message } = await failed();
    expect(message).toContain('is not for …00 or …00');
    for (const hidden of [TOKEN, SECRET, '5550100200', '010-0200']) expect(message).not.toContain(hidden);
  });

  it('is read page by page, by the cursor and not by the URL of the next page', async () => {
    const listed = (id: string, number: string) => ({ id, display_phone_number: number });
    meta.script(
      {
        body: {
          data: [listed('1', '+1 555-010-0199')],
          paging: { cursors: { after: 'cursor' }, next: 'https://elsewhere.example/?access_token=x' },
        },
      },
      { body: { data: [listed('2', '+1 555-010-0200')], paging: { cursors: { after: 'end' } } } },
    );
    expect(await findNumber(graph, '77', '15550100200')).toBe('2');
    expect(meta.requests.map(({ path }) => new URL(path, meta.url).searchParams.get('after'))).toEqual([
      null,
      'cursor',
    ]);
  });

  it('takes a photo as an upload of its own, with bytes as they are', async () => {
    meta.script({ body: { id: 'upload:abc?sig=xyz' } }, { body: { h: 'handle' } });
    const bytes = Buffer.from([0xff, 0xd8, 0x00, 0x80]);
    expect(await uploadPhoto(graph, '2000', { bytes, contentType: 'image/jpeg' })).toBe('handle');
    const [begun, sent] = meta.requests;
    expect(begun?.path).toMatch(/^\/v25\.0\/2000\/uploads\?/);
    expect(JSON.parse(begun?.body ?? '')).toMatchObject({ file_length: 4, file_type: 'image/jpeg' });
    expect(sent?.path).toMatch(/^\/v25\.0\/upload:abc\?sig=xyz&/);
    expect(sent?.headers).toMatchObject({ authorization: `OAuth ${TOKEN}`, file_offset: '0', 'content-length': '4' });
  });
});
