import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import type { SenderProfile } from '../../../lambdas/domain/sender.ts';
import { TryAgain } from '../../../lambdas/senders/registration/errors.ts';
import { fetchPhoto } from '../../../lambdas/senders/registration/photo.ts';
import { type Script, startProvider } from '../../support/provider.ts';
import { pathsOf, startBench } from './support.ts';

const bench = await startBench();
const other = await startProvider();
let answer: RequestListener = (_, response) => response.end();
const pictures = createServer((request, response) => void answer(request, response));
await new Promise<void>((resolve) => pictures.listen(0, '127.0.0.1', resolve));
const logoUrl = `http://127.0.0.1:${(pictures.address() as AddressInfo).port}/logo`;
afterAll(async () => {
  pictures.close();
  await Promise.all([bench.stop(), other.stop()]);
});
beforeEach(() => {
  other.requests.length = 0;
  answer = (_, response) => response.writeHead(200, { 'content-type': 'image/jpeg' }).end('JPEG');
});

const SESSION = { token: 'session', expiresAt: '2099-01-01T00:00:00.000Z' };
const ALL: SenderProfile = {
  about: 'Open',
  address: '1 High Street',
  description: 'A shop',
  vertical: 'Restaurant',
  emails: [{ email: 'a@example.com' }, { email: 'b@example.com' }],
  websites: [{ website: 'https://shop.example', label: 'Shop' }],
  logoUrl,
};
const OK: Script = { body: {} };

async function numberWith(workflow: 'device' | 'cloud', profile: SenderProfile | undefined) {
  const number = await bench.number({
    workflow,
    fields: { graphUrl: `${other.url}/v25.0`, url: other.url },
    secret: { session: SESSION, secrets: { password: 'p' } },
  });
  await number.change({ phoneNumberId: '6' });
  await number.changeSender({ profile });
  return number;
}

describe('SetProfile on a device', () => {
  it('sets all that is given, the first e-mail address and the picture as it is', async () => {
    const number = await numberWith('device', ALL);
    other.script(OK);
    await number.run('SetProfile');
    expect(pathsOf(other)).toEqual([
      'POST /v1/settings/business/profile',
      'PATCH /v1/settings/profile/about',
      'POST /v1/settings/profile/photo',
    ]);
    const [business, about, photo] = other.requests;
    expect(JSON.parse(business?.body ?? '')).toEqual({
      address: '1 High Street',
      description: 'A shop',
      email: 'a@example.com',
      vertical: 'Restaurant',
      websites: ['https://shop.example'],
    });
    expect(JSON.parse(about?.body ?? '')).toEqual({ text: 'Open' });
    expect(photo).toMatchObject({ headers: { 'content-type': 'image/jpeg' }, body: 'JPEG' });
  });

  it.each([[undefined], [{}]])('asks for nothing where the profile is %j', async (profile) => {
    await (await numberWith('device', profile)).run('SetProfile');
    expect(other.requests).toEqual([]);
  });

  it('goes on where a part is refused, and says which', async () => {
    const number = await numberWith('device', ALL);
    answer = (_, response) => response.writeHead(404).end();
    other.script(
      { status: 400, body: { errors: [{ code: 1009, title: 'Invalid', details: 'address: too long' }] } },
      OK,
    );
    expect(await number.run('SetProfile')).toEqual({ outcome: 'done' });
    expect(pathsOf(other)).toEqual(['POST /v1/settings/business/profile', 'PATCH /v1/settings/profile/about']);
    const shown = (await number.kept()).sender?.offlineReasons;
    expect(shown).toEqual([
      {
        code: expect.any(String),
        message: expect.stringMatching(
          /^SetProfile: .*logo_url was answered with HTTP 404.*address: too long.*Update the sender/,
        ),
        moreInfo: expect.any(String),
      },
    ]);
    // What was said once is said no more when all of it fits.
    await number.changeSender({ profile: { about: 'Open' } });
    other.script(OK);
    await number.run('SetProfile');
    expect((await number.kept()).sender?.offlineReasons).toBeUndefined();
  });

  it('is worth repeating when the device does not answer', async () => {
    const number = await numberWith('device', { about: 'Open' });
    other.script('hang up');
    await expect(number.run('SetProfile')).rejects.toBeInstanceOf(TryAgain);
  });

  it('ends what an update could go back to', async () => {
    const number = await numberWith('device', undefined);
    await number.change({ state: 'updating', previous: { fields: { mode: 'single' } } });
    await number.run('SetProfile');
    expect((await number.kept()).record?.previous).toBeUndefined();
  });
});

describe('SetProfile of a Cloud number', () => {
  it('sets the texts in Meta’s words, then the picture by an upload', async () => {
    const number = await numberWith('cloud', ALL);
    const debugged = { data: { app_id: '2000', is_valid: true } };
    other.script(OK, { body: debugged }, { body: { id: 'upload:1' } }, { body: { h: 'the-handle' } }, OK);
    await number.run('SetProfile');
    const profile = 'POST /v25.0/6/whatsapp_business_profile';
    expect(pathsOf(other)).toEqual([
      profile,
      'GET /v25.0/debug_token',
      'POST /v25.0/2000/uploads',
      'POST /v25.0/upload:1',
      profile,
    ]);
    expect(JSON.parse(other.requests[0]?.body ?? '')).toEqual({
      messaging_product: 'whatsapp',
      about: 'Open',
      address: '1 High Street',
      description: 'A shop',
      email: 'a@example.com',
      vertical: 'RESTAURANT',
      websites: ['https://shop.example'],
    });
    expect(other.requests[3]?.body).toBe('JPEG');
    expect(JSON.parse(other.requests[4]?.body ?? '')).toEqual({
      messaging_product: 'whatsapp',
      profile_picture_handle: 'the-handle',
    });
  });
});

describe('A picture', () => {
  const { sendForBytes } = bench.dependencies;
  const fetched = (url: string, allowLoopback = true) => fetchPhoto(url, { sendForBytes, policy: { allowLoopback } });
  const head = (
    status: number,
    headers: Record<string, string> = {},
    body: string | Buffer = 'PNG',
  ): RequestListener => {
    return (_, response) => response.writeHead(status, headers).end(body);
  };

  it('is fetched over a redirect', async () => {
    answer = (request, response) => {
      if (request.url === '/logo') response.writeHead(302, { location: '/real' }).end();
      else response.writeHead(200, { 'content-type': 'image/PNG; charset=binary' }).end('PNG');
    };
    expect(await fetched(logoUrl)).toEqual({ bytes: Buffer.from('PNG'), contentType: 'image/png' });
  });

  it.each<[what: string, listener: RequestListener, problem: RegExp]>([
    ['no picture', head(200, { 'content-type': 'text/html' }), /no JPEG or PNG/],
    ['no type', head(200), /no JPEG or PNG/],
    ['gone', head(410), /HTTP 410/],
    ['redirected for ever', head(302, { location: '/logo' }), /redirected too often/],
    ['too large', head(200, { 'content-type': 'image/png' }, Buffer.alloc(5 * 1_048_576 + 1)), /larger than 5 MiB/],
    ['cut off', (request) => request.socket.destroy(), /was not reached/],
    ['redirected into a private network', head(302, { location: 'http://10.0.0.1/' }), /public internet/],
  ])('that is %s is a problem', async (_, listener, problem) => {
    answer = listener;
    expect(await fetched(logoUrl)).toEqual({ problem: expect.stringMatching(problem) });
  });

  it.each(['http://169.254.169.254/latest/meta-data', logoUrl, 'file:///etc/passwd'])(
    'is not fetched from %s in a deployed gateway',
    async (url) => {
      let calls = 0;
      answer = (_, response) => {
        calls += 1;
        response.end();
      };
      expect(await fetched(url, false)).toEqual({ problem: expect.any(String) });
      expect(calls).toBe(0);
    },
  );
});
