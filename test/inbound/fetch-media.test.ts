import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import type { Channel, HttpAnswer, Session } from '../../lambdas/channels/types.ts';
import type { Message } from '../../lambdas/domain/message.ts';
import type { EventContext } from '../../lambdas/inbound/apply-event.ts';
import { emptyMedia, fetchMedia, type MediaDependencies } from '../../lambdas/inbound/fetch-media.ts';
import { startProvider } from '../support/provider.ts';

const provider = await startProvider();
afterAll(() => provider.stop());

let kept: { type: string; text: string }[];
let logins: (string | undefined)[];
beforeEach(() => {
  kept = [];
  logins = [];
  provider.requests.length = 0;
});

const authorized = (path: string, session?: Session) => ({
  method: 'GET' as const,
  url: `${provider.url}${path}`,
  headers: { authorization: session?.token ?? '' },
});

/** A channel whose answers may be JSON: a link to the file, or a code. */
const channel = {
  download: async ({ id, url }, _sender, session) =>
    id === undefined ? { method: 'GET', url: String(url), headers: {} } : authorized(`/files/${id}`, session),
  downloaded: async ({ body }: HttpAnswer) => {
    const { link, code } = body.startsWith('{') ? JSON.parse(body) : { link: undefined, code: undefined };
    if (link) return { kind: 'elsewhere', request: { method: 'GET', url: `${provider.url}${link}`, headers: {} } };
    if (code) return { outcome: 'failed', class: code, twilioCode: 63001, scope: 'sender' };
    return { kind: 'file' };
  },
} as Partial<Channel> as Channel;

function fetch(item: Message['media'][number], by: Channel = channel): Promise<void> {
  const message = { sid: `MM${'1'.repeat(32)}`, accountSid: 'AC1', media: [item] } as Partial<Message> as Message;
  const dependencies = {
    credentials: {
      get: async (_sender: unknown, _channel: unknown, _now: number, rejected?: Session) => {
        logins.push(rejected?.token);
        return { context: {}, session: { token: rejected ? 'new' : 'old', expiresAt: '' } };
      },
    },
    media: {
      put: async (_name: unknown, type: string, bytes: Buffer) => {
        kept.push({ type, text: bytes.toString() });
      },
    },
    allowLoopback: true,
    now: () => 0,
  } as unknown as MediaDependencies;
  return fetchMedia(message, { sender: {}, channel: by } as Partial<EventContext> as EventContext, dependencies);
}

const png = { headers: { 'content-type': 'image/png' }, body: 'the file' };

describe('media of a contact', () => {
  it('are kept as they came', async () => {
    provider.script(png);
    await fetch({ id: 'm1' });
    expect(kept).toEqual([{ type: 'image/png', text: 'the file' }]);
    expect(provider.requests.map(({ path }) => path)).toEqual(['/files/m1']);
  });

  it('are fetched from where the provider says they are', async () => {
    provider.script({ body: { link: '/cdn/1' } }, png);
    await fetch({ id: 'm1' });
    expect(provider.requests.map(({ path }) => path)).toEqual(['/files/m1', '/cdn/1']);
    expect(kept).toHaveLength(1);
  });

  it('are fetched with a new session when the old one is refused inside a success', async () => {
    provider.script({ body: { code: 'auth' } }, png);
    await fetch({ id: 'm1' });
    expect(logins).toEqual([undefined, 'old']);
    expect(provider.requests.map(({ headers }) => headers['authorization'])).toEqual(['old', 'new']);
    expect(kept).toHaveLength(1);
  });

  it.each([
    ['are not ready yet', { status: 202 }],
    ['are refused inside a success', { body: { code: 'permanent' } }],
    ['cannot be had now', { status: 500 }],
  ])('that %s are tried again later, and nothing is kept as the file', async (_label, script) => {
    provider.script(script);
    await expect(fetch({ id: 'm1' })).rejects.toThrow(/answered \d+ for a media file/);
    expect(kept).toEqual([]);
  });

  it('that are gone are left out', async () => {
    provider.script({ status: 404 });
    await fetch({ id: 'm1' });
    expect(kept).toEqual([]);
  });

  it('by URL are fetched as the channel says, else as they stand; never from inside the network', async () => {
    provider.script(png);
    await fetch({ url: `${provider.url}/public` });
    await fetch({ url: `${provider.url}/public` }, {} as Channel);
    expect(kept).toHaveLength(2);
    await expect(fetch({ url: 'http://10.0.0.1/x' })).rejects.toThrow('may not be reached');
  });
});

describe('media that were taken back', () => {
  it('are overwritten with nothing, each where it was put', async () => {
    const put: { name: unknown; bytes: number }[] = [];
    const names: unknown[] = [];
    const message = {
      sid: `MM${'1'.repeat(32)}`,
      accountSid: 'AC1',
      media: [{ url: `${provider.url}/1` }, { url: `${provider.url}/2` }],
    } as Partial<Message> as Message;
    provider.script(png);
    const dependencies = {
      credentials: { get: async () => ({ context: {} }) },
      media: { put: async (name: unknown) => names.push(name) },
      allowLoopback: true,
      now: () => 0,
    } as unknown as MediaDependencies;
    await fetchMedia(message, { sender: {}, channel: {} } as Partial<EventContext> as EventContext, dependencies);
    const store = {
      put: async (name: unknown, _type: string, { length }: Buffer) => {
        put.push({ name, bytes: length });
      },
    } as unknown as MediaDependencies['media'];
    await emptyMedia(message, store);
    expect(put).toEqual(names.map((name) => ({ name, bytes: 0 })));
    expect(put).toHaveLength(2);
  });
});
